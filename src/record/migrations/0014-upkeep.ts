/**
 * What keeps memories in order: which users were compacted when, and what a language model was asked, said and is still
 * to be asked.
 */
export const version = 14;
export const name = 'upkeep';
export const sql = `
ALTER TABLE users ADD COLUMN compacted_at timestamptz;
CREATE INDEX users_by_hash ON users (md5(namespace || E'\\n' || user_id));
CREATE INDEX memories_deleted ON memories (deleted_at) WHERE deleted_at IS NOT NULL AND content <> '';

CREATE TABLE extraction_windows (
  namespace           text COLLATE "C" NOT NULL,
  user_id             text COLLATE "C" NOT NULL,
  conversation_id     text COLLATE "C" NOT NULL,
  first_seq           bigint NOT NULL,
  last_seq            bigint NOT NULL,
  status              text NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'degraded', 'done')),
  reason              text,
  due_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
  existing_checked    integer NOT NULL DEFAULT 0,
  updates_made        integer NOT NULL DEFAULT 0,
  duplicates_avoided  integer NOT NULL DEFAULT 0,
  finished_at         timestamptz,
  PRIMARY KEY (namespace, user_id, conversation_id, first_seq),
  CHECK (first_seq <= last_seq)
);
COMMENT ON TABLE extraction_windows IS 'ranges of messages that a language model reads facts from, one call each';
COMMENT ON COLUMN extraction_windows.status IS 'degraded: left without it for now; tried again when due';
CREATE INDEX extraction_windows_due ON extraction_windows (due_at) WHERE status <> 'done';

CREATE TABLE model_results (
  namespace   text COLLATE "C" NOT NULL,
  user_id     text COLLATE "C" NOT NULL,
  key         text NOT NULL,
  model       text NOT NULL,
  result      jsonb NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, key)
);
COMMENT ON TABLE model_results IS 'what a language model said, kept before it is used: a retry does not pay again';

CREATE TABLE model_spending (
  namespace  text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  day        date NOT NULL,
  calls      integer NOT NULL,
  PRIMARY KEY (namespace, user_id, day)
);

-- Late work must not bring back an erased user in any of them.
DO $$
DECLARE
  v_table text;
BEGIN
  IF to_regproc('guard_user_table') IS NOT NULL THEN
    FOREACH v_table IN ARRAY ARRAY['memory_vectors', 'index_pending', 'extraction_windows', 'model_results', 'model_spending'] LOOP
      PERFORM guard_user_table(v_table::regclass);
    END LOOP;
  END IF;
END $$;
`;
