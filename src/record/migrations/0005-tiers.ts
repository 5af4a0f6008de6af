/**
 * Episodes, summaries and what is behind. Locks are taken in this order: episodes (by conversation, first seq),
 * summaries (by id), tiers_pending.
 */
export const version = 5;
export const name = 'tiers';
export const sql = `
CREATE TABLE episodes (
  namespace        text COLLATE "C" NOT NULL,
  user_id          text COLLATE "C" NOT NULL,
  conversation_id  text COLLATE "C" NOT NULL,
  first_seq        bigint NOT NULL,
  last_seq         bigint NOT NULL,
  summary_id       uuid NOT NULL,
  ended_by         text CHECK (ended_by IN ('pause', 'topic', 'size')),
  ends_at          timestamptz,
  stale_since      timestamptz DEFAULT clock_timestamp(),
  revision         bigint NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, conversation_id, first_seq),
  CHECK (first_seq <= last_seq)
);
COMMENT ON TABLE episodes IS 'runs of batches: gapless within a conversation, the last one may be open';
COMMENT ON COLUMN episodes.ended_by IS 'null: still open';
COMMENT ON COLUMN episodes.ends_at IS 'of an open one: when silence ends it, or when to look whether more of its import has come';
COMMENT ON COLUMN episodes.stale_since IS 'its summary is behind; null: it is not';
COMMENT ON COLUMN episodes.revision IS 'grows whenever it gets stale, so that an old summary cannot pass for a new one';
CREATE UNIQUE INDEX episodes_open ON episodes (namespace, user_id, conversation_id) WHERE ended_by IS NULL;
CREATE INDEX episodes_overdue ON episodes (ends_at) WHERE ended_by IS NULL;
CREATE INDEX episodes_stale ON episodes (stale_since) WHERE stale_since IS NOT NULL;

CREATE TABLE summaries (
  namespace        text COLLATE "C" NOT NULL,
  user_id          text COLLATE "C" NOT NULL,
  id               uuid NOT NULL,
  tier             text NOT NULL CHECK (tier IN ('episodic', 'arc')),
  version          integer NOT NULL DEFAULT 1,
  persona          text,
  persona_tags     text[] NOT NULL DEFAULT '{}',
  conversation_id  text COLLATE "C",
  first_seq        bigint,
  last_seq         bigint,
  frame            text,
  sentences        jsonb NOT NULL,
  source_ids       uuid[] NOT NULL,
  people           text[] NOT NULL DEFAULT '{}',
  importance       double precision NOT NULL,
  confidence       double precision NOT NULL,
  method           text NOT NULL,
  degraded         boolean NOT NULL DEFAULT false,
  basis            text NOT NULL,
  from_at          timestamptz NOT NULL,
  to_at            timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, id)
);
COMMENT ON COLUMN summaries.sentences IS 'an array of {text, source_ids, said_at, persona}, what says most first';
COMMENT ON COLUMN summaries.source_ids IS 'of an episode: its raw memories; of an arc: its episodes'' summaries';
COMMENT ON COLUMN summaries.basis IS 'hash of what it was made from: the same again is not made again';
COMMENT ON COLUMN summaries.degraded IS 'made by a lesser method than was asked for, to be made again';
CREATE INDEX summaries_by_time ON summaries (namespace, user_id, tier, from_at, id);

CREATE TABLE summary_versions (
  namespace    text COLLATE "C" NOT NULL,
  user_id      text COLLATE "C" NOT NULL,
  id           uuid NOT NULL,
  version      integer NOT NULL,
  frame        text,
  sentences    jsonb NOT NULL,
  source_ids   uuid[] NOT NULL,
  method       text NOT NULL,
  created_at   timestamptz NOT NULL,
  replaced_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, id, version)
);
COMMENT ON TABLE summary_versions IS 'what arcs said before';

CREATE TABLE tiers_pending (
  namespace  text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  revision   bigint NOT NULL DEFAULT 1,
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id)
);
COMMENT ON TABLE tiers_pending IS 'users whose arcs are behind their episodes';
CREATE INDEX tiers_pending_by_age ON tiers_pending (since);

-- What was said before there were episodes is open, and overdue: the sweep has it cut.
INSERT INTO episodes (namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ends_at)
SELECT namespace, user_id, conversation_id, 1, indexed_through, gen_random_uuid(), clock_timestamp()
  FROM conversations WHERE indexed_through > 0;
`;
