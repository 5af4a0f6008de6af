import { Context } from '@temporalio/activity';

/** Well below the shortest heartbeat timeout of those that beat. */
const HEARTBEAT_EVERY_MS = 3_000;

/** Does an activity's work and tells Temporal all along that it is alive, so that a dead worker is missed soon. */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beating = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
