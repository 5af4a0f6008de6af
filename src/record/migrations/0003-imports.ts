/**
 * Imports: what came, what became of it, and how far each conversation's part was let go. Locks are taken in this order
 * by everything: conversations (by key), import_conversations, imports (by id).
 */
export const version = 3;
export const name = 'imports';
export const sql = `
CREATE TABLE imports (
  namespace        text COLLATE "C" NOT NULL,
  import_id        uuid NOT NULL,
  lines            bigint NOT NULL DEFAULT 0,
  accepted         bigint NOT NULL DEFAULT 0,
  duplicates       bigint NOT NULL DEFAULT 0,
  rejected         bigint NOT NULL DEFAULT 0,
  indexed          bigint NOT NULL DEFAULT 0,
  failed           bigint NOT NULL DEFAULT 0,
  chunks           bigint NOT NULL DEFAULT 0,
  receiving_until  timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at         timestamptz,
  paused_at        timestamptz,
  cancelled_at     timestamptz,
  finished_at      timestamptz,
  driven_at        timestamptz,
  progressed_at    timestamptz,
  obstacle         text,
  obstacle_at      timestamptz,
  mark_at          timestamptz,
  mark_done        bigint NOT NULL DEFAULT 0,
  next_mark_at     timestamptz,
  next_mark_done   bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (namespace, import_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN imports.chunks IS 'chunks stored: one sent again after a lost answer is known by its number';
COMMENT ON COLUMN imports.receiving_until IS 'while the body arrives its receiver renews this; later the body is taken for cut';
COMMENT ON COLUMN imports.ended_at IS 'when the body ended or was cut';
COMMENT ON COLUMN imports.driven_at IS 'when its workflow last looked after it';
COMMENT ON COLUMN imports.obstacle IS 'what the indexing of one of its conversations waited for at obstacle_at';
COMMENT ON COLUMN imports.mark_at IS 'with mark_done: a moment some seconds ago, for the rate';
CREATE INDEX imports_by_age ON imports (namespace, created_at DESC, import_id);
CREATE INDEX imports_unfinished ON imports (driven_at) WHERE finished_at IS NULL;

CREATE TABLE import_conversations (
  namespace         text COLLATE "C" NOT NULL,
  import_id         uuid NOT NULL,
  user_id           text COLLATE "C" NOT NULL,
  conversation_id   text COLLATE "C" NOT NULL,
  state             text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'open', 'done')),
  last_seq          bigint NOT NULL,
  released_through  bigint NOT NULL,
  waiting           bigint NOT NULL GENERATED ALWAYS AS (last_seq - released_through) STORED,
  flushed           boolean NOT NULL DEFAULT false,
  told_at           timestamptz,
  PRIMARY KEY (namespace, import_id, user_id, conversation_id)
);
COMMENT ON TABLE import_conversations IS 'what an import brought to a conversation, and how far it was let go';
COMMENT ON COLUMN import_conversations.state IS 'held: the rest is not let go; open: its workflow works on it; done: indexed or failed';
CREATE INDEX import_conversations_by_state ON import_conversations (namespace, import_id, state, waiting DESC);
CREATE INDEX import_conversations_open ON import_conversations (namespace, user_id, conversation_id) WHERE state = 'open';

CREATE TABLE import_rejections (
  namespace  text COLLATE "C" NOT NULL,
  import_id  uuid NOT NULL,
  line       bigint NOT NULL,
  reason     text NOT NULL,
  PRIMARY KEY (namespace, import_id, line)
);

CREATE TABLE import_occurrences (
  namespace  text COLLATE "C" NOT NULL,
  import_id  uuid NOT NULL,
  digest     uuid NOT NULL,
  times      bigint NOT NULL,
  PRIMARY KEY (namespace, import_id, digest)
);
COMMENT ON TABLE import_occurrences IS 'how often a body has held the same message so far; gone when it ends';

ALTER TABLE conversations ADD COLUMN considered_through bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN conversations.considered_through IS 'last imported seq that a planning has looked at: what it left open waits for more of its import';
ALTER TABLE batches ADD COLUMN reopened boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN batches.reopened IS 'put back by a retry: indexed even if its import was cancelled';

-- Stores one chunk of an import, lines of many conversations, in one round trip. p_users and p_conversations name the chunk's
-- conversations; a row's c is a 1-based place in them. Within a chunk no id of a conversation comes twice, own
-- repeats of a transcript aside: those are only counted (d, on the line's first row). An id known with other content rejects its line.
-- With p_abort nothing at or behind the first such line is stored. Plans go by key always: the statistics of a table
-- that is being filled would say otherwise.
CREATE FUNCTION accept_import_chunk(p_namespace text, p_import uuid, p_chunk bigint, p_users text[], p_conversations text[],
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
  v_result record;
BEGIN
  INSERT INTO users (namespace, user_id)
  SELECT DISTINCT p_namespace, u COLLATE "C" FROM unnest(p_users) AS u ORDER BY 2 ON CONFLICT DO NOTHING;
  INSERT INTO conversations (namespace, user_id, conversation_id, erase_epoch)
  SELECT p_namespace, k.u, k.c, o.erase_epoch
    FROM unnest(p_users, p_conversations) AS k (u, c)
    JOIN LATERAL (SELECT erase_epoch FROM users WHERE namespace = p_namespace AND user_id = k.u LIMIT 1) o ON true
   ORDER BY k.u COLLATE "C", k.c COLLATE "C" ON CONFLICT DO NOTHING;
  FOR v_key IN SELECT k.u, k.c FROM unnest(p_users, p_conversations) AS k (u, c) ORDER BY k.u COLLATE "C", k.c COLLATE "C" LOOP
    PERFORM 1 FROM conversations v
      WHERE v.namespace = p_namespace AND v.user_id = v_key.u AND v.conversation_id = v_key.c FOR UPDATE;
  END LOOP;
  v_now := clock_timestamp();

  SELECT i.chunks INTO v_chunks FROM imports i WHERE i.namespace = p_namespace AND i.import_id = p_import;
  IF v_chunks >= p_chunk THEN
    -- Its first answer was lost.
    RETURN;
  END IF;

  WITH incoming AS MATERIALIZED (
    SELECT i.ord, i.l, i.c, i.d, p_users[i.c] AS user_id, p_conversations[i.c] AS conversation_id, i.message_id, i.role, i.name,
           i.content, i.said_at, i.metadata, i.forced_persona
      FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (l bigint, c integer, d integer, message_id text, role text, name text,
                                                    content text, said_at timestamptz, metadata jsonb, forced_persona text))
           WITH ORDINALITY AS i (l, c, d, message_id, role, name, content, said_at, metadata, forced_persona, ord)
  ), looked AS MATERIALIZED (
    SELECT i.*, k.seq AS known_seq, coalesce(k.differs, false) AS differs
      FROM incoming i
      LEFT JOIN LATERAL (
        SELECT m.seq, m.role <> i.role OR m.name IS DISTINCT FROM i.name OR m.content <> i.content
                      OR (i.said_at IS NOT NULL AND m.said_at IS DISTINCT FROM i.said_at) AS differs
          FROM messages m
         WHERE m.namespace = p_namespace AND m.user_id = i.user_id AND m.conversation_id = i.conversation_id
           AND m.message_id = i.message_id LIMIT 1) k ON true
  ), all_bad AS MATERIALIZED (
    SELECT DISTINCT l FROM looked WHERE differs
  ), bad AS MATERIALIZED (
    SELECT l FROM all_bad WHERE NOT p_abort OR l = (SELECT min(l) FROM all_bad)
  ), good AS MATERIALIZED (
    SELECT k.* FROM looked k
     WHERE NOT EXISTS (SELECT 1 FROM bad WHERE bad.l = k.l)
       AND (NOT p_abort OR k.l < coalesce((SELECT min(l) FROM all_bad), k.l + 1))
  ), fresh AS MATERIALIZED (
    SELECT g.*, v.appended_through + row_number() OVER (PARTITION BY g.c ORDER BY g.ord) AS seq
      FROM good g
      JOIN LATERAL (SELECT v.appended_through FROM conversations v
                     WHERE v.namespace = p_namespace AND v.user_id = g.user_id AND v.conversation_id = g.conversation_id
                     LIMIT 1) v ON true
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
    SELECT l, 'message_id: is already known in this conversation with other content' AS reason FROM bad
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
