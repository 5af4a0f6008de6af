import type { Owner } from './erasures';
import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';

const OWNERS = {
  name: 'owners-of-memories',
  text: `SELECT id, user_id FROM memories
          WHERE namespace = $1 AND id = ANY ($2::uuid[]) AND ${LIVE_MEMORY} AND NOT is_erased(namespace, user_id)`,
};

/** Whose these memories are, by memory id; without those that can no longer be recalled. @param ids UUIDs */
export async function ownersOfMemories(
  on: Queryable,
  namespace: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const result = await run<{ id: string; user_id: string }>(on, OWNERS, [namespace, ids]);
  return new Map(result.rows.map((row) => [row.id, row.user_id]));
}

const EXPIRIES = {
  name: 'expiries-of-memories',
  text: `SELECT id, expires_at FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3::uuid[]) AND expires_at IS NOT NULL`,
};

/** When these memories expire, by memory id; without those that do not. */
export async function expiriesOfMemories(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
): Promise<Map<string, Date>> {
  const values = [owner.namespace, owner.userId, ids];
  const result = await run<{ id: string; expires_at: Date }>(on, EXPIRIES, values);
  return new Map(result.rows.map((row) => [row.id, row.expires_at]));
}
