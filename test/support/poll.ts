import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until `check` returns something other than undefined or false.
 * @throws Error with `what` and the last failure once `deadlineMs` has gone by
 */
export async function poll<T>(
  what: string,
  deadlineMs: number,
  check: () => Promise<T | undefined | false>,
  everyMs = 50,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
    await sleep(everyMs);
  }
}
