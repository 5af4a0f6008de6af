/** Readings and persona states are written outside a conversation's lock: late work must not bring back an erased user's. */
export const version = 16;
export const name = 'readings-guard';
export const sql = `
SELECT guard_user_table('memory_readings');
SELECT guard_user_table('persona_states');
`;
