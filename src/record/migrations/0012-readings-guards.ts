/** What is read out of memories, and personas, are written outside a conversation's lock: never for erased users. */
export const version = 12;
export const name = 'readings-guards';
export const sql = `
SELECT guard_user_table('memory_readings');
SELECT guard_user_table('persona_states');
`;
