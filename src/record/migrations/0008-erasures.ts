/**
 * Erasing users. Whoever writes for a user holds that user's row (admit_user), or one of their conversations' rows;
 * begin_erasure waits for both, takes them away and leaves a tombstone that knows a keyed hash of the id alone. Rows
 * are taken in this order: users, conversations (by key). What is written behind an erasure raises AM411.
 */
export const version = 8;
export const name = 'erasures';
export const sql = `
CREATE TABLE server_secrets (
  name   text PRIMARY KEY,
  value  bytea NOT NULL
);
INSERT INTO server_secrets (name, value)
VALUES ('user_hash', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

CREATE FUNCTION hash_user(p_namespace text, p_user text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(s.value || sha256(s.value || convert_to(p_namespace || E'\\n' || p_user, 'UTF8'))), 'hex')
    FROM server_secrets s WHERE s.name = 'user_hash'
$$;

CREATE TABLE erasures (
  namespace        text COLLATE "C" NOT NULL,
  user_hash        text NOT NULL,
  erase_epoch      integer NOT NULL,
  pending_user_id  text COLLATE "C",
  requested_at     timestamptz NOT NULL,
  refused_until    timestamptz NOT NULL,
  driven_at        timestamptz,
  finished_at      timestamptz,
  PRIMARY KEY (namespace, user_hash),
  CHECK ((finished_at IS NULL) = (pending_user_id IS NOT NULL))
);
COMMENT ON TABLE erasures IS 'one row a user who was ever erased; it stays, so that their ids never come again';
COMMENT ON COLUMN erasures.pending_user_id IS 'whom there is still something of; gone when nothing is';
COMMENT ON COLUMN erasures.driven_at IS 'when its workflow last looked after it';
CREATE INDEX erasures_unfinished ON erasures (requested_at) WHERE finished_at IS NULL;

CREATE FUNCTION is_erased(p_namespace text, p_user text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM erasures e
                  WHERE e.namespace = p_namespace AND e.user_hash = hash_user(p_namespace, p_user)
                    AND (e.finished_at IS NULL OR e.refused_until > clock_timestamp()))
$$;

-- Holds the user's row until the transaction ends, making it if it is missing. Raises AM411 for an erased user.
CREATE FUNCTION admit_user(p_namespace text, p_user text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_epoch integer;
BEGIN
  LOOP
    SELECT u.erase_epoch INTO v_epoch FROM users u WHERE u.namespace = p_namespace AND u.user_id = p_user FOR KEY SHARE;
    IF FOUND THEN
      RETURN v_epoch;
    END IF;
    SELECT coalesce(max(e.erase_epoch), 0) INTO v_epoch FROM erasures e
     WHERE e.namespace = p_namespace AND e.user_hash = hash_user(p_namespace, p_user);
    INSERT INTO users (namespace, user_id, erase_epoch) VALUES (p_namespace, p_user, v_epoch) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      -- Looked at after the insert, which waits for an erasure that is under way.
      IF is_erased(p_namespace, p_user) THEN
        RAISE EXCEPTION 'the user was erased' USING ERRCODE = 'AM411';
      END IF;
      RETURN v_epoch;
    END IF;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION ensure_conversation(p_namespace text, p_user text, p_conversation text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO conversations (namespace, user_id, conversation_id, erase_epoch)
  SELECT p_namespace, p_user, p_conversation, admit_user(p_namespace, p_user)
  ON CONFLICT DO NOTHING;
$$;

-- For tables that are written outside a conversation's lock: their users are admitted with every insert.
CREATE FUNCTION admit_users_of_rows() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM admit_user(o.namespace, o.user_id)
     FROM (SELECT DISTINCT namespace, user_id FROM inserted ORDER BY 1, 2) AS o;
  RETURN NULL;
END $$;
CREATE FUNCTION guard_user_table(p_table regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER admit_users AFTER INSERT ON %s REFERENCING NEW TABLE AS inserted '
                 'FOR EACH STATEMENT EXECUTE FUNCTION admit_users_of_rows()', p_table);
END $$;
SELECT guard_user_table('memories');
SELECT guard_user_table('turn_vectors');
SELECT guard_user_table('memory_vectors');
SELECT guard_user_table('index_pending');

-- From its commit on nothing is written for the user, and reads are refused by the tombstone; rows are deleted later.
-- Again while the tombstone stands: nothing changes.
CREATE FUNCTION begin_erasure(p_namespace text, p_user text, p_refused_for interval)
RETURNS TABLE (user_hash text, refused_until timestamptz, finished boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_hash text := hash_user(p_namespace, p_user);
  v_now timestamptz;
BEGIN
  -- Made if it is missing, so that a first write under way is waited for too.
  INSERT INTO users AS u (namespace, user_id) VALUES (p_namespace, p_user)
  ON CONFLICT (namespace, user_id) DO UPDATE SET created_at = u.created_at;
  v_now := clock_timestamp();
  INSERT INTO erasures AS e (namespace, user_hash, erase_epoch, pending_user_id, requested_at, refused_until)
  VALUES (p_namespace, v_hash, 1, p_user, v_now, v_now + p_refused_for)
  ON CONFLICT (namespace, user_hash) DO UPDATE
     SET erase_epoch = e.erase_epoch + 1, pending_user_id = excluded.pending_user_id, driven_at = NULL, finished_at = NULL,
         requested_at = excluded.requested_at, refused_until = excluded.refused_until
   WHERE e.finished_at IS NOT NULL AND e.refused_until <= v_now;
  PERFORM 1 FROM conversations c WHERE c.namespace = p_namespace AND c.user_id = p_user ORDER BY c.conversation_id FOR UPDATE;
  DELETE FROM conversations c WHERE c.namespace = p_namespace AND c.user_id = p_user;
  DELETE FROM idempotency_keys k WHERE k.namespace = p_namespace AND k.user_id = p_user;
  DELETE FROM users u WHERE u.namespace = p_namespace AND u.user_id = p_user;
  RETURN QUERY SELECT e.user_hash, e.refused_until, e.finished_at IS NOT NULL FROM erasures e
                WHERE e.namespace = p_namespace AND e.user_hash = v_hash;
END $$;
CREATE INDEX idempotency_keys_by_user ON idempotency_keys (namespace, user_id) WHERE user_id IS NOT NULL;

-- As before, but for lines of erased users, which are rejected; and a time that is a stored message's arrival says the
-- same as none: an export sent to where it came from is all duplicates.
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
  FOR v_key IN SELECT k.u, k.c FROM unnest(p_users, p_conversations) AS k (u, c) ORDER BY k.u COLLATE "C", k.c COLLATE "C" LOOP
    PERFORM 1 FROM conversations v
      WHERE v.namespace = p_namespace AND v.user_id = v_key.u AND v.conversation_id = v_key.c FOR UPDATE;
    IF NOT FOUND THEN
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
    SELECT i.ord, i.l, i.c, i.d, p_users[i.c] AS user_id, p_conversations[i.c] AS conversation_id, i.message_id, i.role, i.name,
           i.content, i.said_at, i.metadata, i.forced_persona
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
           AND m.message_id = i.message_id LIMIT 1) k ON true
  ), all_bad AS MATERIALIZED (
    SELECT l, bool_or(erased) AS erased FROM looked WHERE differs OR erased GROUP BY l
  ), bad AS MATERIALIZED (
    SELECT l, erased FROM all_bad WHERE NOT p_abort OR l = (SELECT min(l) FROM all_bad)
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
