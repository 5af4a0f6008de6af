/**
 * That a user's arcs are behind is a row each time, not a count in one: episodes of one user that are summarized at the
 * same time must not wait for each other's commits.
 */
export const version = 15;
export const name = 'tier-marks';
export const sql = `
CREATE TABLE tier_marks (
  namespace  text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  id         bigint GENERATED ALWAYS AS IDENTITY,
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, user_id, id)
);
COMMENT ON TABLE tier_marks IS 'users whose arcs are behind their episodes: a row for each change';
CREATE INDEX tier_marks_by_age ON tier_marks (since);
SELECT guard_user_table('tier_marks');

-- What processes of the release before note while they still serve.
CREATE FUNCTION mark_tiers() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO tier_marks (namespace, user_id) VALUES (NEW.namespace, NEW.user_id);
  RETURN NULL;
END $$;
CREATE TRIGGER mark_tiers AFTER INSERT OR UPDATE ON tiers_pending FOR EACH ROW EXECUTE FUNCTION mark_tiers();
INSERT INTO tier_marks (namespace, user_id) SELECT namespace, user_id FROM tiers_pending;
`;
