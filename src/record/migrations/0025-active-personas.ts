/** The personas that a message’s caller takes for active: where the message is unclear, its memory is tagged by them. */
export const version = 25;
export const name = 'active-personas';
// Both functions go on as they are, with one column more wherever the one beside it is named.
export const sql = `
ALTER TABLE messages ADD COLUMN active_personas text[];
COMMENT ON COLUMN messages.active_personas IS 'persona_context.active_personas of the request it came with';
DO $migration$
DECLARE
  v_function regproc;
BEGIN
  FOREACH v_function IN ARRAY ARRAY['accept_messages'::regproc, 'accept_import_chunk'::regproc] LOOP
    EXECUTE regexp_replace(
      replace(pg_get_functiondef(v_function), 'forced_persona text', 'forced_persona text, active_personas text[]'),
      '(\\m[a-z]\\.)?\\mforced_persona\\M(?! text)', '\\1forced_persona, \\1active_personas', 'g');
  END LOOP;
END;
$migration$;
`;
