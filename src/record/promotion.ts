import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';
import type { Scope } from './scope';

/** Younger memories stay short-term. */
const PROMOTED_AFTER_DAYS = 7;

// An episode's summary speaks for what it covers once the episode has ended.
const RIPE = `SELECT namespace, user_id, id FROM memories m
          WHERE tier = 'raw' AND layer = 'short-term' AND ${LIVE_MEMORY}
            AND created_at < clock_timestamp() - interval '${PROMOTED_AFTER_DAYS} days'
            AND ($1::text IS NULL OR namespace = $1) AND ($2::text IS NULL OR user_id = $2)
            AND EXISTS (SELECT 1 FROM episodes e
                         WHERE e.namespace = m.namespace AND e.user_id = m.user_id AND e.conversation_id = m.conversation_id
                           AND e.ended_by IS NOT NULL AND e.first_seq <= m.first_seq AND e.last_seq >= m.last_seq)`;

const COUNT = { name: 'count-ripe-memories', text: `SELECT count(*) AS count FROM (${RIPE}) AS ripe` };
const PROMOTE = {
  name: 'promote-memories',
  text: `WITH ripe AS MATERIALIZED (${RIPE} ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
         UPDATE memories m SET layer = 'long-term' FROM ripe
          WHERE m.namespace = ripe.namespace AND m.user_id = ripe.user_id AND m.id = ripe.id`,
};

/** How many raw memories are older than a week and covered by an episode that has ended. */
export async function countRipeMemories(on: Queryable, scope: Scope): Promise<number> {
  const values = [scope.namespace, scope.userId];
  return (await run<{ count: number }>(on, COUNT, values)).rows[0]!.count;
}

/** Makes some of these long-term memories. @returns how many */
export async function promoteMemories(on: Queryable, scope: Scope, limit: number): Promise<number> {
  return (await run(on, PROMOTE, [scope.namespace, scope.userId, limit])).rowCount ?? 0;
}
