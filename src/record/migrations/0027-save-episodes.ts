/** How a conversation was cut, written in one round trip. */
export const version = 27;
export const name = 'save-episodes';
export const sql = `
-- Void (false) when another has closed something since the plan was made: each statement in here sees what was committed
-- before the lock was had. Closed ones first, so that there are never two open ones.
CREATE FUNCTION save_episodes(p_namespace text, p_user_id text, p_conversation_id text, p_from_seq bigint, p_episodes jsonb)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_open boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('episodes', p_namespace, p_user_id, p_conversation_id)::text, 0));
  IF p_from_seq <> coalesce((
    SELECT max(last_seq) + 1 FROM episodes
     WHERE namespace = p_namespace AND user_id = p_user_id AND conversation_id = p_conversation_id
       AND ended_by IS NOT NULL), 1)
  THEN
    RETURN false;
  END IF;
  FOREACH v_open IN ARRAY ARRAY[false, true] LOOP
    INSERT INTO episodes AS e (namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, ends_at)
    SELECT p_namespace, p_user_id, p_conversation_id, n.first_seq, n.last_seq, n.summary_id, n.ended_by, n.ends_at
      FROM jsonb_to_recordset(p_episodes)
           AS n (first_seq bigint, last_seq bigint, summary_id uuid, ended_by text, ends_at timestamptz)
     WHERE (n.ended_by IS NULL) = v_open
    ON CONFLICT (namespace, user_id, conversation_id, first_seq) DO UPDATE
       SET last_seq = excluded.last_seq, ended_by = excluded.ended_by, ends_at = excluded.ends_at,
           summary_id = excluded.summary_id,
           stale_since = CASE WHEN e.last_seq = excluded.last_seq AND e.ended_by IS NOT DISTINCT FROM excluded.ended_by
                               AND e.summary_id = excluded.summary_id
                              THEN e.stale_since ELSE coalesce(e.stale_since, clock_timestamp()) END,
           revision = CASE WHEN e.last_seq = excluded.last_seq AND e.ended_by IS NOT DISTINCT FROM excluded.ended_by
                            AND e.summary_id = excluded.summary_id
                           THEN e.revision ELSE e.revision + 1 END;
  END LOOP;
  RETURN true;
END $$;
`;
