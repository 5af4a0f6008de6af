/**
 * Ids compare by code point (COLLATE "C") so that ties break the same way on every server. Index rows stay below
 * btree's 2,704 bytes: three ids of 200 characters of 4 bytes and a namespace of 64.
 */
export const version = 1;
export const name = 'initial';
export const sql = `
CREATE TABLE users (
  namespace    text COLLATE "C" NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  erase_epoch  integer NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id)
);

CREATE TABLE conversations (
  namespace          text COLLATE "C" NOT NULL,
  user_id            text COLLATE "C" NOT NULL,
  conversation_id    text COLLATE "C" NOT NULL,
  erase_epoch        integer NOT NULL,
  appended_through   bigint NOT NULL DEFAULT 0,
  due_through        bigint NOT NULL DEFAULT 0,
  announced_through  bigint NOT NULL DEFAULT 0,
  planned_through    bigint NOT NULL DEFAULT 0,
  indexed_through    bigint NOT NULL DEFAULT 0,
  settled            boolean NOT NULL GENERATED ALWAYS AS (indexed_through = due_through) STORED,
  ingestion_policy   jsonb NOT NULL DEFAULT '{}',
  retrieval_policy   jsonb NOT NULL DEFAULT '{}',
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, conversation_id),
  CHECK (0 <= indexed_through AND indexed_through <= planned_through AND planned_through <= due_through
         AND due_through <= appended_through)
) WITH (fillfactor = 80);
COMMENT ON COLUMN conversations.due_through IS 'last seq that Temporal is to be told of; beyond it rows are held by an import';
COMMENT ON COLUMN conversations.announced_through IS 'last seq that Temporal has acknowledged';
COMMENT ON COLUMN conversations.planned_through IS 'last seq that is in a batch';
COMMENT ON COLUMN conversations.indexed_through IS 'everything up to it is indexed or failed';
-- Every accepted message updates this row several times. The index depends on nothing that changes while a conversation
-- is busy, so that those updates stay within the page (HOT).
CREATE INDEX conversations_unsettled ON conversations (namespace, user_id, conversation_id) WHERE NOT settled;

CREATE TABLE messages (
  namespace        text COLLATE "C" NOT NULL,
  user_id          text COLLATE "C" NOT NULL,
  conversation_id  text COLLATE "C" NOT NULL,
  seq              bigint NOT NULL,
  message_id       text COLLATE "C" NOT NULL,
  role             text NOT NULL,
  name             text,
  content          text NOT NULL,
  said_at          timestamptz,
  stored_at        timestamptz NOT NULL,
  metadata         jsonb NOT NULL DEFAULT '{}',
  forced_persona   text,
  import_id        uuid,
  degraded         text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (namespace, user_id, conversation_id, seq),
  UNIQUE (namespace, user_id, conversation_id, message_id)
);
COMMENT ON COLUMN messages.said_at IS 'the message''s own time, if its sender gave one';
COMMENT ON COLUMN messages.import_id IS 'the import that brought it; null for live messages';

CREATE TABLE turn_vectors (
  namespace        text COLLATE "C" NOT NULL,
  user_id          text COLLATE "C" NOT NULL,
  conversation_id  text COLLATE "C" NOT NULL,
  seq              bigint NOT NULL,
  embedder         text NOT NULL,
  vector           bytea NOT NULL,
  PRIMARY KEY (namespace, user_id, conversation_id, seq, embedder)
);

CREATE TABLE batches (
  namespace        text COLLATE "C" NOT NULL,
  user_id          text COLLATE "C" NOT NULL,
  conversation_id  text COLLATE "C" NOT NULL,
  first_seq        bigint NOT NULL,
  last_seq         bigint NOT NULL,
  reason           text NOT NULL,
  status           text NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'indexed', 'failed')),
  memory_id        uuid NOT NULL,
  failure_reason   text,
  attempts         integer NOT NULL DEFAULT 0,
  planned_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at      timestamptz,
  PRIMARY KEY (namespace, user_id, conversation_id, first_seq),
  CHECK (first_seq <= last_seq),
  CHECK ((status = 'failed') = (failure_reason IS NOT NULL))
);
CREATE INDEX batches_unfinished ON batches (namespace, user_id, conversation_id, first_seq) WHERE status = 'planned';
CREATE INDEX batches_failed ON batches (namespace, user_id, conversation_id, first_seq) WHERE status = 'failed';

CREATE TABLE memories (
  namespace            text COLLATE "C" NOT NULL,
  user_id              text COLLATE "C" NOT NULL,
  id                   uuid NOT NULL,
  tier                 text NOT NULL,
  layer                text NOT NULL,
  type                 text NOT NULL,
  content              text NOT NULL,
  conversation_id      text COLLATE "C",
  first_seq            bigint,
  last_seq             bigint,
  source_message_ids   text[] NOT NULL DEFAULT '{}',
  importance           double precision NOT NULL,
  persona_tags         text[] NOT NULL DEFAULT '{}',
  emotional_signature  jsonb,
  metadata             jsonb NOT NULL DEFAULT '{}',
  created_at           timestamptz NOT NULL,
  stored_at            timestamptz NOT NULL,
  expires_at           timestamptz,
  deleted_at           timestamptz,
  superseded_by        uuid,
  PRIMARY KEY (namespace, user_id, id)
);
COMMENT ON COLUMN memories.created_at IS 'when it was said: a batch''s first message';
CREATE INDEX memories_by_time ON memories (namespace, user_id, created_at DESC, id)
  WHERE deleted_at IS NULL AND superseded_by IS NULL;
CREATE INDEX memories_by_range ON memories (namespace, user_id, conversation_id, first_seq);

CREATE TABLE injections (
  namespace               text COLLATE "C" NOT NULL,
  user_id                 text COLLATE "C" NOT NULL,
  conversation_id         text COLLATE "C" NOT NULL,
  seq                     bigint NOT NULL,
  ordinal                 integer NOT NULL,
  memory_id               uuid NOT NULL,
  content                 text NOT NULL,
  source                  text NOT NULL,
  channel                 text NOT NULL,
  score                   double precision NOT NULL,
  metadata                jsonb NOT NULL,
  source_conversation_id  text COLLATE "C",
  source_message_ids      text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (namespace, user_id, conversation_id, seq, ordinal)
);
COMMENT ON TABLE injections IS 'what a message was answered with, as decided under its conversation''s lock; (seq, ordinal) is commit order';
CREATE INDEX injections_by_memory ON injections (namespace, user_id, memory_id);

CREATE TABLE idempotency_keys (
  namespace    text COLLATE "C" NOT NULL,
  route        text NOT NULL,
  key          text COLLATE "C" NOT NULL,
  user_id      text COLLATE "C",
  body_hash    text NOT NULL,
  status       integer,
  response     jsonb,
  locked_until timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (namespace, route, key)
);
COMMENT ON COLUMN idempotency_keys.status IS 'null while the first request is still being answered';
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

CREATE TABLE worker_heartbeats (
  worker_id   text PRIMARY KEY,
  task_queue  text NOT NULL,
  seen_at     timestamptz NOT NULL
);

-- One round trip an accepted request; p_ids are the message ids of p_rows, in order. Takes the conversation's lock, finds duplicates, allots gapless seqs.
-- Raises AM409 with the offending ordinals (0-based, comma-separated) in DETAIL when an id is known with other content:
-- nothing of the request is stored then. All new: first_seq, and the seqs follow it; else seqs and duplicates, in order. p_held_by: the import whose rows Temporal is not to be told of yet.
CREATE FUNCTION accept_messages(p_namespace text, p_user text, p_conversation text, p_ids text[], p_rows jsonb, p_held_by uuid)
RETURNS TABLE (first_seq bigint, seqs bigint[], duplicates boolean[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_appended bigint;
  v_now timestamptz;
  v_conflicts text;
  v_new bigint;
BEGIN
  SELECT c.appended_through INTO v_appended FROM conversations c
   WHERE c.namespace = p_namespace AND c.user_id = p_user AND c.conversation_id = p_conversation FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM ensure_conversation(p_namespace, p_user, p_conversation);
    SELECT c.appended_through INTO v_appended FROM conversations c
     WHERE c.namespace = p_namespace AND c.user_id = p_user AND c.conversation_id = p_conversation FOR UPDATE;
  END IF;
  v_now := clock_timestamp();

  -- Nearly every request: nothing of it is known. Three statements and done.
  IF NOT EXISTS (SELECT 1 FROM messages m
                  WHERE m.namespace = p_namespace AND m.user_id = p_user AND m.conversation_id = p_conversation
                    AND m.message_id = ANY (p_ids))
     AND (SELECT count(DISTINCT id) = count(*) FROM unnest(p_ids) AS id) THEN
    UPDATE conversations c
       SET appended_through = v_appended + cardinality(p_ids),
           due_through = CASE WHEN p_held_by IS NULL THEN v_appended + cardinality(p_ids) ELSE c.due_through END,
           updated_at = v_now
     WHERE c.namespace = p_namespace AND c.user_id = p_user AND c.conversation_id = p_conversation;
    INSERT INTO messages (namespace, user_id, conversation_id, seq, message_id, role, name, content, said_at, stored_at,
                                    metadata, forced_persona, import_id)
    SELECT p_namespace, p_user, p_conversation, v_appended + i.ord, i.message_id, i.role, i.name, i.content, i.said_at, v_now,
           coalesce(i.metadata, '{}'), i.forced_persona, p_held_by
      FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (message_id text, role text, name text, content text, said_at timestamptz,
                                                    metadata jsonb, forced_persona text))
           WITH ORDINALITY AS i (message_id, role, name, content, said_at, metadata, forced_persona, ord);
    RETURN QUERY SELECT v_appended + 1, NULL::bigint[], NULL::boolean[];
    RETURN;
  END IF;

  SELECT string_agg((i.ord - 1)::text, ',' ORDER BY i.ord) INTO v_conflicts
    FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (message_id text, role text, name text, content text, said_at timestamptz))
         WITH ORDINALITY AS i (message_id, role, name, content, said_at, ord)
    JOIN LATERAL (
      SELECT k.role, k.name, k.content, k.said_at FROM (
        SELECT 0 AS o, m.role, m.name, m.content, m.said_at FROM messages m
         WHERE m.namespace = p_namespace AND m.user_id = p_user AND m.conversation_id = p_conversation
           AND m.message_id = i.message_id
        UNION ALL
        SELECT f.ord, f.role, f.name, f.content, f.said_at
          FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (message_id text, role text, name text, content text, said_at timestamptz))
               WITH ORDINALITY AS f (message_id, role, name, content, said_at, ord)
         WHERE f.message_id = i.message_id AND f.ord < i.ord AND jsonb_array_length(p_rows) > 1
      ) k ORDER BY k.o LIMIT 1
    ) known ON true
   WHERE known.role <> i.role OR known.name IS DISTINCT FROM i.name OR known.content <> i.content
      OR (i.said_at IS NOT NULL AND known.said_at IS DISTINCT FROM i.said_at);
  IF v_conflicts IS NOT NULL THEN
    RAISE EXCEPTION 'message id reused with other content' USING ERRCODE = 'AM409', DETAIL = v_conflicts;
  END IF;

  RETURN QUERY
  WITH incoming AS MATERIALIZED (
    SELECT i.*, row_number() OVER (PARTITION BY i.message_id ORDER BY i.ord) AS nth
      FROM ROWS FROM (jsonb_to_recordset(p_rows) AS (message_id text, role text, name text, content text, said_at timestamptz,
                                                    metadata jsonb, forced_persona text))
           WITH ORDINALITY AS i (message_id, role, name, content, said_at, metadata, forced_persona, ord)
  ), known AS MATERIALIZED (
    SELECT m.message_id, m.seq FROM messages m
     WHERE m.namespace = p_namespace AND m.user_id = p_user AND m.conversation_id = p_conversation
       AND m.message_id = ANY (p_ids)
  ), fresh AS MATERIALIZED (
    SELECT i.*, v_appended + row_number() OVER (ORDER BY i.ord) AS seq FROM incoming i
     WHERE i.nth = 1 AND NOT EXISTS (SELECT 1 FROM known k WHERE k.message_id = i.message_id)
  ), stored AS (
    INSERT INTO messages (namespace, user_id, conversation_id, seq, message_id, role, name, content, said_at, stored_at,
                          metadata, forced_persona, import_id)
    SELECT p_namespace, p_user, p_conversation, f.seq, f.message_id, f.role, f.name, f.content, f.said_at, v_now,
           coalesce(f.metadata, '{}'), f.forced_persona, p_held_by
      FROM fresh f
  )
  SELECT NULL::bigint, array_agg(coalesce(k.seq, f.seq) ORDER BY i.ord),
         array_agg(k.seq IS NOT NULL OR i.nth > 1 ORDER BY i.ord)
    FROM incoming i
    LEFT JOIN known k ON k.message_id = i.message_id
    LEFT JOIN fresh f ON f.message_id = i.message_id;

  SELECT max(m.seq) INTO v_new FROM messages m
   WHERE m.namespace = p_namespace AND m.user_id = p_user AND m.conversation_id = p_conversation AND m.seq > v_appended;
  IF v_new IS NOT NULL THEN
    UPDATE conversations c
       SET appended_through = v_new,
           due_through = CASE WHEN p_held_by IS NULL THEN v_new ELSE c.due_through END,
           updated_at = v_now
     WHERE c.namespace = p_namespace AND c.user_id = p_user AND c.conversation_id = p_conversation;
  END IF;
END $$;

-- Makes the user's and the conversation's row if they are missing; both may be made by another request at the same time.
CREATE FUNCTION ensure_conversation(p_namespace text, p_user text, p_conversation text) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO users (namespace, user_id) VALUES (p_namespace, p_user) ON CONFLICT DO NOTHING;
  INSERT INTO conversations (namespace, user_id, conversation_id, erase_epoch)
  SELECT p_namespace, p_user, p_conversation, u.erase_epoch FROM users u
   WHERE u.namespace = p_namespace AND u.user_id = p_user
  ON CONFLICT DO NOTHING;
$$;
`;
