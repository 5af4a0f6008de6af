/** What an injected summary says something of: it goes when one of them is deleted. */
export const version = 20;
export const name = 'injected-summaries';
export const sql = `
ALTER TABLE injections ADD COLUMN cited_memory_ids uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN injections.cited_memory_ids IS 'of a summary: the memories it says something of';
CREATE INDEX injections_that_cite ON injections (namespace, user_id) WHERE cited_memory_ids <> '{}';
`;
