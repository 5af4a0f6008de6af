/** How far a conversation is stored is read once a conversation of a chunk, and a new one is not searched for duplicates. */
export const version = 19;
export const name = 'import-chunks';
export const sql = `
CREATE OR REPLACE FUNCTION accept_import_chunk(p_namespace text, p_import uuid, p_chunk bigint, p_users text[], p_conversations text[],
                                    p_rows jsonb, p_rejections jsonb, p_abort boolean, p_lease_seconds integer)
RETURNS TABLE (lines bigint, accepted bigint, duplicates bigint, rejected bigint, first_rejected bigint)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_material = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_chunks bigint;
  v_key record;
  v_made text[];
  v_erased text[] := '{}';
  -- Of each conversation as it is named: what is stored of it.
  v_appended bigint[] := array_fill(0::bigint, ARRAY[coalesce(cardinality(p_users), 0)]);
  v_through bigint;
  v_result record;
BEGIN
  -- Users whose rows we make just now may be erased ones: nobody else's can be, since an erasure takes the row away.
  WITH made AS (
    INSERT INTO users (namespace, user_id, erase_epoch)
    SELECT p_namespace, u, coalesce((SELECT e.erase_epoch FROM erasures e
                                      WHERE e.namespace = p_namespace AND e.user_hash = hash_user(p_namespace, u)), 0)
      FROM (SELECT DISTINCT n COLLATE "C" AS u FROM unnest(p_users) AS n) AS named
     WHERE NOT EXISTS (SELECT 1 FROM users WHERE namespace = p_namespace AND user_id = u)
     ORDER BY u ON CONFLICT DO NOTHING RETURNING user_id)
  SELECT coalesce(array_agg(user_id), '{}') INTO v_made FROM made;
  IF v_made <> '{}' THEN
    SELECT coalesce(array_agg(u), '{}') INTO v_erased FROM unnest(v_made) AS u WHERE is_erased(p_namespace, u);
    DELETE FROM users WHERE namespace = p_namespace AND user_id = ANY (v_erased);
  END IF;
  INSERT INTO conversations (namespace, user_id, conversation_id, erase_epoch)
  SELECT p_namespace, o.user_id, k.c, o.erase_epoch
    FROM unnest(p_users, p_conversations) AS k (u, c)
    JOIN LATERAL (SELECT user_id, erase_epoch FROM users WHERE namespace = p_namespace AND user_id = k.u LIMIT 1 FOR KEY SHARE) o ON true
   WHERE NOT EXISTS (SELECT 1 FROM conversations v
                      WHERE v.namespace = p_namespace AND v.user_id = k.u AND v.conversation_id = k.c)
   ORDER BY k.u COLLATE "C", k.c COLLATE "C" ON CONFLICT DO NOTHING;
  FOR v_key IN SELECT k.u, k.c, k.nth FROM unnest(p_users, p_conversations) WITH ORDINALITY AS k (u, c, nth)
                ORDER BY k.u COLLATE "C", k.c COLLATE "C" LOOP
    SELECT v.appended_through INTO v_through FROM conversations v
      WHERE v.namespace = p_namespace AND v.user_id = v_key.u AND v.conversation_id = v_key.c FOR UPDATE;
    IF FOUND THEN
      v_appended[v_key.nth::integer] := v_through;
    ELSE
      v_erased := v_erased || v_key.u;
    END IF;
  END LOOP;
  v_now := clock_timestamp();

  SELECT i.chunks INTO v_chunks FROM imports i WHERE i.namespace = p_namespace AND i.import_id = p_import;
  IF v_chunks >= p_chunk THEN
    -- Its first answer was lost.
    RETURN;
  END IF;

  WITH incoming AS MATERIALIZED (
    SELECT i.ord, i.l, i.c, i.d, p_users[i.c] AS user_id, p_conversations[i.c] AS conversation_id,
           v_appended[i.c] AS appended, i.message_id, i.role, i.name, i.content, i.said_at, i.metadata, i.forced_persona
      FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (l bigint, c integer, d integer, message_id text, role text, name text,
                                                    content text, said_at timestamptz, metadata jsonb, forced_persona text))
           WITH ORDINALITY AS i (l, c, d, message_id, role, name, content, said_at, metadata, forced_persona, ord)
  ), looked AS MATERIALIZED (
    SELECT i.*, k.seq AS known_seq, coalesce(k.differs, false) AS differs, i.user_id = ANY (v_erased) AS erased
      FROM incoming i
      LEFT JOIN LATERAL (
        SELECT m.seq, m.role <> i.role OR m.name IS DISTINCT FROM i.name OR m.content <> i.content
                      OR (i.said_at IS NOT NULL
                          AND coalesce(m.said_at, date_trunc('milliseconds', m.stored_at)) <> i.said_at) AS differs
          FROM messages m
         WHERE m.namespace = p_namespace AND m.user_id = i.user_id AND m.conversation_id = i.conversation_id
           AND m.message_id = i.message_id AND i.appended > 0 LIMIT 1) k ON true
  ), all_bad AS MATERIALIZED (
    SELECT l, bool_or(erased) AS erased FROM looked WHERE differs OR erased GROUP BY l
  ), bad AS MATERIALIZED (
    SELECT l, erased FROM all_bad WHERE NOT p_abort OR l = (SELECT min(l) FROM all_bad)
  ), good AS MATERIALIZED (
    SELECT k.* FROM looked k
     WHERE NOT EXISTS (SELECT 1 FROM bad WHERE bad.l = k.l)
       AND (NOT p_abort OR k.l < coalesce((SELECT min(l) FROM all_bad), k.l + 1))
  ), fresh AS MATERIALIZED (
    SELECT g.*, g.appended + row_number() OVER (PARTITION BY g.c ORDER BY g.ord) AS seq
      FROM good g
     WHERE g.known_seq IS NULL
  ), stored AS (
    INSERT INTO messages (namespace, user_id, conversation_id, seq, message_id, role, name, content, said_at, stored_at,
                          metadata, forced_persona, import_id)
    SELECT p_namespace, f.user_id, f.conversation_id, f.seq, f.message_id, f.role, f.name, f.content, f.said_at, v_now,
           coalesce(f.metadata, '{}'), f.forced_persona, p_import
      FROM fresh f
  ), parts AS MATERIALIZED (
    SELECT f.user_id, f.conversation_id, min(f.seq) AS first_seq, max(f.seq) AS last_seq FROM fresh f GROUP BY 1, 2
  ), moved AS (
    UPDATE conversations v SET appended_through = p.last_seq, updated_at = v_now
      FROM parts p
     WHERE v.namespace = p_namespace AND v.user_id = p.user_id AND v.conversation_id = p.conversation_id
  ), brought AS (
    INSERT INTO import_conversations AS o (namespace, import_id, user_id, conversation_id, last_seq, released_through)
    SELECT p_namespace, p_import, p.user_id, p.conversation_id, p.last_seq, p.first_seq - 1 FROM parts p
    ON CONFLICT (namespace, import_id, user_id, conversation_id) DO UPDATE
       SET last_seq = excluded.last_seq, state = CASE WHEN o.state = 'done' THEN 'held' ELSE o.state END
  ), refused AS MATERIALIZED (
    SELECT l, CASE WHEN erased THEN 'user_id: was erased; nothing is stored for this user for a while'
                   ELSE 'message_id: is already known in this conversation with other content' END AS reason FROM bad
    UNION ALL
    SELECT r.l, r.reason FROM jsonb_to_recordset(p_rejections) AS r (l bigint, reason text)
  ), noted AS (
    INSERT INTO import_rejections (namespace, import_id, line, reason)
    SELECT p_namespace, p_import, l, reason FROM refused ON CONFLICT DO NOTHING
  ), counts AS MATERIALIZED (
    SELECT (SELECT count(DISTINCT l) FROM good) + (SELECT count(*) FROM refused) AS lines,
           (SELECT count(*) FROM fresh) AS accepted,
           (SELECT count(*) FILTER (WHERE known_seq IS NOT NULL) + coalesce(sum(d), 0) FROM good)::bigint AS duplicates,
           (SELECT count(*) FROM refused) AS rejected,
           (SELECT min(l) FROM refused) AS first_rejected
  ), totalled AS (
    UPDATE imports i
       SET chunks = p_chunk, lines = i.lines + n.lines, accepted = i.accepted + n.accepted,
           duplicates = i.duplicates + n.duplicates, rejected = i.rejected + n.rejected,
           receiving_until = v_now + p_lease_seconds * interval '1 second'
      FROM counts n
     WHERE i.namespace = p_namespace AND i.import_id = p_import AND i.chunks = p_chunk - 1
       AND i.ended_at IS NULL AND i.cancelled_at IS NULL
    RETURNING 1
  )
  SELECT n.*, EXISTS (SELECT 1 FROM totalled) AS counted INTO v_result FROM counts n;
  IF NOT v_result.counted THEN
    -- Cancelled, or taken for cut: nothing of the chunk may stay.
    RAISE EXCEPTION 'the import takes no more lines' USING ERRCODE = 'AM410';
  END IF;
  RETURN QUERY SELECT v_result.lines, v_result.accepted, v_result.duplicates, v_result.rejected, v_result.first_rejected;
END $$;
`;
