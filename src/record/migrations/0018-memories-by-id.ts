/** Clients that know a memory by its id alone. */
export const version = 18;
export const name = 'memories-by-id';
export const sql = `
CREATE INDEX memories_by_id ON memories (namespace, id);
`;
