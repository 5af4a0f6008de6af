/** How a conversation was cut, answered with the episodes whose summaries are behind. */
export const version = 28;
export const name = 'cut-episodes';
export const sql = `
-- Null when the plan was void, see save_episodes.
CREATE FUNCTION cut_episodes(p_namespace text, p_user_id text, p_conversation_id text, p_from_seq bigint, p_episodes jsonb,
                             p_stale_limit integer)
RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT save_episodes(p_namespace, p_user_id, p_conversation_id, p_from_seq, p_episodes) THEN
    RETURN NULL;
  END IF;
  RETURN coalesce((
    SELECT jsonb_agg(to_jsonb(s) ORDER BY s.first_seq)
      FROM (SELECT namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, revision FROM episodes
             WHERE namespace = p_namespace AND user_id = p_user_id AND conversation_id = p_conversation_id
               AND stale_since IS NOT NULL
             ORDER BY first_seq LIMIT p_stale_limit) s), '[]');
END $$;
`;
