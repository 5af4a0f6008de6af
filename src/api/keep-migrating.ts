import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import { migrate } from '../record/migrate';

const MIGRATE_RETRY_MS = 1_000;

/** Brings the schema up to date in the background, for as long as it takes Postgres to be there. */
export function keepMigrating(pool: Pool, log: Logger): { readonly ready: boolean; stop(): void } {
  const stopping = new AbortController();
  let ready = false;
  const run = async (): Promise<void> => {
    for (let attempt = 1; !stopping.signal.aborted; attempt += 1) {
      try {
        const applied = await migrate(pool);
        ready = true;
        if (applied.length > 0) log.info({ versions: applied }, 'the schema was brought up to date');
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (attempt === 1 || attempt % 30 === 0)
          log.warn({ err: ensureError(error), attempt }, 'the record is not ready yet');
        await sleep(MIGRATE_RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  void run();
  return {
    get ready() {
      return ready;
    },
    stop: () => stopping.abort(),
  };
}
