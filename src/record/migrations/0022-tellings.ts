/** Which summaries a language model is to tell instead, and when it did last. */
export const version = 22;
export const name = 'tellings';
export const sql = `
ALTER TABLE summaries ADD COLUMN upgrade_at timestamptz;
ALTER TABLE summaries ADD COLUMN upgrade_tried boolean NOT NULL DEFAULT false;
ALTER TABLE summaries ADD COLUMN told_messages bigint;
COMMENT ON COLUMN summaries.upgrade_at IS 'of a degraded one: when a language model tells it, if not before with others; null: it does not';
COMMENT ON COLUMN summaries.upgrade_tried IS 'it was tried in vain, and waits for upgrade_at';
COMMENT ON COLUMN summaries.told_messages IS 'of an arc: how many messages the user''s ended episodes had when a language model told it last';
CREATE INDEX summaries_upgrade ON summaries (upgrade_at) WHERE upgrade_at IS NOT NULL;
`;
