/**
 * Every table that holds something of users, by its columns `namespace` and `user_id`, in the order in which an erasure
 * empties them: messages before batches (which tell which of them were pending) and before what imports wait for. A test
 * fails for a table that is missing here. One that is written outside a conversation's lock is also guarded:
 * `SELECT guard_user_table('…')` in its migration.
 */
export const USER_TABLES = [
  'messages',
  'turn_vectors',
  'memory_readings',
  'memories',
  'persona_states',
  'memory_vectors',
  'index_pending',
  'extraction_windows',
  'model_results',
  'model_spending',
  'episodes',
  'summaries',
  'summary_versions',
  'tiers_pending',
  'tier_marks',
  'injections',
  'batches',
  'import_conversations',
  'conversations',
  'idempotency_keys',
  'users',
] as const;

/** Columns that hold a user's id under another name, which finishErasure sees to. */
export const OTHER_USER_COLUMNS = ['api_keys.user_ids', 'erasures.pending_user_id'] as const;
