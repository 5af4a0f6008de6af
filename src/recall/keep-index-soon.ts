import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import type { Owner } from '../record/recall-reads';
import { keepIndex, type KeepIndexDependencies } from './keep-index';

/** A caller waits no longer than this for the index; the record alone decides what is recalled. */
const WAIT_MS = 5_000;

/** Brings memories' index objects up to date; never throws, and never lets a caller wait long. */
export type KeepIndexSoon = (owner: Owner, ids: readonly string[]) => Promise<void>;

/** Writes through to the index behind a change of the record. What fails or takes long stays pending, and the sweep does it. */
export function createKeepIndexSoon(
  dependencies: KeepIndexDependencies & { logger: Logger },
  waitMs = WAIT_MS,
): KeepIndexSoon {
  return async function keepIndexSoon(owner, ids) {
    const done = keepIndex(dependencies, owner, ids).then(
      () => undefined,
      (thrown: unknown) =>
        dependencies.logger.warn(
          { err: ensureError(thrown), memories: ids.length },
          'memories could not be brought to the index; the sweep will',
        ),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([done, late]).finally(() => clearTimeout(timer));
  };
}
