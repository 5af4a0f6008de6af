import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;
const LOG_EVERY_FAILURES = 12;

/**
 * Does `work` until it succeeds, with back-off: a process that starts before its servers waits for them.
 * @throws the signal's reason when it is aborted meanwhile
 */
export async function retryUntil<T>(
  what: string,
  work: () => Promise<T>,
  options: { signal: AbortSignal; logger: Logger },
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    options.signal.throwIfAborted();
    try {
      const result = await work();
      if (failures > 0) options.logger.info({ what, failures }, 'done after waiting');
      return result;
    } catch (thrown) {
      if (failures % LOG_EVERY_FAILURES === 0) {
        options.logger.warn({ what, err: ensureError(thrown) }, 'not possible yet; trying again');
      }
      await sleep(Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS), undefined, {
        signal: options.signal,
      });
    }
  }
}
