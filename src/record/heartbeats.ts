import { run, type Queryable } from './pool';

/** Rows of workers not seen for this long are cleared away. */
const FORGET_AFTER_HOURS = 24;

const BEAT = {
  name: 'worker-heartbeat',
  text: `WITH forgotten AS (
           DELETE FROM worker_heartbeats WHERE seen_at < clock_timestamp() - ${FORGET_AFTER_HOURS} * interval '1 hour')
         INSERT INTO worker_heartbeats (worker_id, task_queue, seen_at) VALUES ($1, $2, clock_timestamp())
         ON CONFLICT (worker_id) DO UPDATE SET seen_at = excluded.seen_at, task_queue = excluded.task_queue`,
};

/** Says that a worker is alive and polling `taskQueue`. */
export async function beat(on: Queryable, workerId: string, taskQueue: string): Promise<void> {
  await run(on, BEAT, [workerId, taskQueue]);
}

const LAST = {
  name: 'last-worker-heartbeat',
  text: `SELECT extract(epoch FROM clock_timestamp() - max(seen_at)) * 1000 AS age_ms FROM worker_heartbeats WHERE task_queue = $1`,
};

/** How long ago any worker of `taskQueue` was last alive, in ms; null when none ever was. */
export async function lastWorkerHeartbeat(on: Queryable, taskQueue: string): Promise<number | null> {
  const age = (await run<{ age_ms: string | null }>(on, LAST, [taskQueue])).rows[0]?.age_ms;
  return age === null || age === undefined ? null : Number(age);
}
