import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';

/** A user with how much there is of them. */
export interface ListedUser {
  userId: string;
  createdAt: Date;
  /** When the last memory came in; null without any. */
  lastStoredAt: Date | null;
  memories: number;
}

const COUNT = {
  name: 'count-users',
  text: `SELECT count(*) AS total FROM users WHERE namespace = $1 AND ($2::text[] IS NULL OR user_id = ANY ($2))`,
};
const LIST = {
  name: 'list-users',
  text: `SELECT u.user_id, u.created_at, m.memories, m.last_stored_at
           FROM (SELECT namespace, user_id, created_at FROM users
                  WHERE namespace = $1 AND ($2::text[] IS NULL OR user_id = ANY ($2))
                  ORDER BY user_id LIMIT $3 OFFSET $4) u
          CROSS JOIN LATERAL (
                SELECT count(*) AS memories, max(stored_at) AS last_stored_at FROM memories
                 WHERE namespace = u.namespace AND user_id = u.user_id AND tier IN ('raw', 'fact') AND ${LIVE_MEMORY}) m
          ORDER BY u.user_id`,
};

/** A page of a namespace's users, by id. @param only null: all of them */
export async function listUsers(
  on: Queryable,
  namespace: string,
  only: readonly string[] | null,
  page: { limit: number; offset: number },
): Promise<{ total: number; users: ListedUser[] }> {
  const counted = await run<{ total: number }>(on, COUNT, [namespace, only]);
  const listed = await run<{
    user_id: string;
    created_at: Date;
    memories: number;
    last_stored_at: Date | null;
  }>(on, LIST, [namespace, only, page.limit, page.offset]);
  return {
    total: counted.rows[0]!.total,
    users: listed.rows.map((row) => ({
      userId: row.user_id,
      createdAt: row.created_at,
      lastStoredAt: row.last_stored_at,
      memories: row.memories,
    })),
  };
}
