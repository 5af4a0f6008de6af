export const version = 7;
export const name = 'api-keys';
export const sql = `
CREATE TABLE api_keys (
  key_id         text PRIMARY KEY,
  namespace      text COLLATE "C" NOT NULL,
  name           text NOT NULL,
  secret_sha256  bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
  scope          text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
  user_ids       text[] COLLATE "C",
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at     timestamptz
);
COMMENT ON COLUMN api_keys.user_ids IS 'the users it is limited to; null: all of its namespace';
ALTER TABLE imports ADD COLUMN created_by_key text;
COMMENT ON COLUMN imports.created_by_key IS 'a key that is limited to users sees its own imports only';

-- Counts of requests by window of time, of all processes. Lost in a crash without harm.
CREATE UNLOGGED TABLE rate_counts (
  bucket        text COLLATE "C" NOT NULL,
  window_start  bigint NOT NULL,
  requests      bigint NOT NULL,
  PRIMARY KEY (bucket, window_start)
) WITH (fillfactor = 70);
COMMENT ON COLUMN rate_counts.bucket IS 'a key, or the hash of a user';
`;
