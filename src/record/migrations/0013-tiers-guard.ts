/** Summaries are written outside a conversation's lock: late work must not bring anything of an erased user back. */
export const version = 13;
export const name = 'tiers-guard';
export const sql = `
SELECT guard_user_table('episodes');
SELECT guard_user_table('summaries');
SELECT guard_user_table('summary_versions');
SELECT guard_user_table('tiers_pending');
`;
