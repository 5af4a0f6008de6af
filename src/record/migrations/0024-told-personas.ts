/** Which personas a language model said a memory has, where reading it without one was unsure. */
export const version = 24;
export const name = 'told-personas';
export const sql = `
ALTER TABLE memory_readings ADD COLUMN told_personas text[];
ALTER TABLE memory_readings ADD COLUMN told_by text;
COMMENT ON COLUMN memory_readings.told_personas IS 'the tags that a language model gave the memory in place of those that it was read as; null: it was not asked, or said nothing of use';
COMMENT ON COLUMN memory_readings.told_by IS 'which language model';
`;
