/** What was read out of memories, and each user's persona as requests found it. */
export const version = 4;
export const name = 'readings';
export const sql = `
CREATE TABLE memory_readings (
  namespace   text COLLATE "C" NOT NULL,
  user_id     text COLLATE "C" NOT NULL,
  memory_id   uuid NOT NULL,
  personas    jsonb NOT NULL,
  trades      jsonb,
  PRIMARY KEY (namespace, user_id, memory_id),
  FOREIGN KEY (namespace, user_id, memory_id) REFERENCES memories ON DELETE CASCADE
);
COMMENT ON TABLE memory_readings IS 'what a raw memory was read as when it was made; goes with it';
COMMENT ON COLUMN memory_readings.personas IS 'its persona tags with their confidence: [{persona, confidence}], the first one first';
COMMENT ON COLUMN memory_readings.trades IS 'trades, holdings and goals its user turns tell of, each with when it was said; null where there are none';
CREATE INDEX memory_readings_trades ON memory_readings (namespace, user_id) WHERE trades IS NOT NULL;

CREATE TABLE persona_states (
  namespace     text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  snapshot_id   uuid NOT NULL,
  persona       text NOT NULL,
  confidence    double precision NOT NULL,
  source        text NOT NULL,
  mood          text,
  active        text[] NOT NULL DEFAULT '{}',
  scores        jsonb NOT NULL DEFAULT '{}',
  requests      bigint NOT NULL DEFAULT 1,
  since         timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, snapshot_id)
);
COMMENT ON TABLE persona_states IS 'a user''s persona as requests found it: a row from one change to the next, the newest being the state';
CREATE INDEX persona_states_newest ON persona_states (namespace, user_id, seen_at DESC);
`;
