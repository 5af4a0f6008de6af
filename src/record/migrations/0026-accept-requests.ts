/** Several requests in one transaction: one round trip and one commit for all that come in the same moment. */
export const version = 26;
export const name = 'accept-requests';
export const sql = `
-- Each request as accept_messages takes it; what that raises is raised for all, and nothing is stored then. A request
-- whose conversation is held by another transaction is passed by (busy), so that nobody waits behind another's lock.
-- In key order: two calls that make the same conversations do not deadlock.
CREATE FUNCTION accept_requests(p_requests jsonb)
RETURNS TABLE (place integer, busy boolean, first_seq bigint, seqs bigint[], duplicates boolean[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v record;
BEGIN
  FOR v IN
    SELECT r.namespace, r.user_id, r.conversation_id, r.ids, r.rows, r.ord
      FROM ROWS FROM (jsonb_to_recordset(p_requests) AS (namespace text, user_id text, conversation_id text, ids text[],
                                                        rows jsonb))
           WITH ORDINALITY AS r (namespace, user_id, conversation_id, ids, rows, ord)
     ORDER BY r.namespace COLLATE "C", r.user_id COLLATE "C", r.conversation_id COLLATE "C", r.ord
  LOOP
    place := v.ord - 1;
    PERFORM 1 FROM conversations c
      WHERE c.namespace = v.namespace AND c.user_id = v.user_id AND c.conversation_id = v.conversation_id
        FOR UPDATE SKIP LOCKED;
    busy := NOT FOUND AND EXISTS (
      SELECT 1 FROM conversations c
       WHERE c.namespace = v.namespace AND c.user_id = v.user_id AND c.conversation_id = v.conversation_id);
    first_seq := NULL;
    seqs := NULL;
    duplicates := NULL;
    IF NOT busy THEN
      SELECT a.first_seq, a.seqs, a.duplicates INTO first_seq, seqs, duplicates
        FROM accept_messages(v.namespace, v.user_id, v.conversation_id, v.ids, v.rows, NULL) a;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
`;
