/** Recall asks for the names of a user's participants with every question: a few hops in this index. */
export const version = 2;
export const name = 'participants';
export const sql = `
CREATE INDEX messages_by_name ON messages (namespace, user_id, name) WHERE name IS NOT NULL;
`;
