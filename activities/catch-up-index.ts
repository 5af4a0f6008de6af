import { log } from '@temporalio/activity';
import { UnavailableError, ensureError, isErasedUser } from '../src/domain/errors';
import { keepIndex } from '../src/recall/keep-index';
import { markIndexPending, oldestIndexPending } from '../src/record/index-pending';
import type { ActivityDependencies } from './dependencies';

/** Longer than it takes whoever changed a memory to see to its index object. */
const LEFT_AFTER_MS = 5_000;
const MEMORIES_A_SWEEP = 500;
const MEMORIES_AT_ONCE = 50;

/** Brings to the index what whoever changed the record could not. @returns how many memories */
export async function catchUpIndex(dependencies: ActivityDependencies): Promise<number> {
  let done = 0;
  for (const { ids, ...owner } of await oldestIndexPending(
    dependencies.pool,
    LEFT_AFTER_MS,
    MEMORIES_A_SWEEP,
  )) {
    for (let from = 0; from < ids.length; from += MEMORIES_AT_ONCE) {
      const some = ids.slice(from, from + MEMORIES_AT_ONCE);
      try {
        if (await keepIndex(dependencies, owner, some)) done += some.length;
      } catch (thrown) {
        // Away: the next sweep comes soon.
        if (thrown instanceof UnavailableError) return done;
        // Its rows go with the user.
        if (isErasedUser(thrown)) break;
        log.error('memories could not be brought to the index', { error: ensureError(thrown) });
        // Behind all others, so that what is refused blocks nothing.
        await markIndexPending(dependencies.pool, owner, some);
      }
    }
  }
  return done;
}
