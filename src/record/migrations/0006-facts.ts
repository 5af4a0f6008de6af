/**
 * Memories that no batch made, and what the index is behind with. Locks are taken in this order: memories (by id),
 * injections, idempotency_keys, index_pending (by memory id).
 */
export const version = 6;
export const name = 'facts';
export const sql = `
CREATE TABLE memory_vectors (
  namespace  text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  memory_id  uuid NOT NULL,
  embedder   text NOT NULL,
  vector     bytea NOT NULL,
  PRIMARY KEY (namespace, user_id, memory_id, embedder)
);
COMMENT ON TABLE memory_vectors IS 'of memories whose content is their own; those of batches follow from their turns';

ALTER TABLE memories ADD COLUMN content_edited boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN memories.content_edited IS 'the content was set by hand: it, not the batch''s turns, is what is recalled';
CREATE INDEX memories_expiring ON memories (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_superseded ON memories (namespace, user_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE index_pending (
  namespace  text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  memory_id  uuid NOT NULL,
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, memory_id)
);
COMMENT ON TABLE index_pending IS 'memories whose index objects are not what the record says: to be written again, or removed';
CREATE INDEX index_pending_by_age ON index_pending (since);

ALTER TABLE idempotency_keys ADD COLUMN voided boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN idempotency_keys.voided IS 'something of the user was deleted while the answer was made: it must not be kept';
`;
