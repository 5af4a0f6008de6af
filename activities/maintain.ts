import { Context, log } from '@temporalio/activity';
import { addCounts } from '../src/domain/maintenance';
import { mergedMemory } from '../src/domain/merged-memory';
import { nearDuplicates } from '../src/domain/near-duplicates';
import { RefusedError, UnavailableError, isErasedUser } from '../src/domain/errors';
import { keepIndex } from '../src/recall/keep-index';
import { termsOf } from '../src/recall/terms';
import {
  compactionCandidates,
  compactionClock,
  mergeMemories,
  nextUserToCompact,
  noteCompacted,
} from '../src/record/compaction';
import { countOverMemories, purgeOverMemories } from '../src/record/expire-memories';
import { countRipeMemories, promoteMemories } from '../src/record/promotion';
import type {
  MaintenanceActivities,
  MaintenanceCounts,
  MaintenanceInput,
  MaintenanceJob,
  MaintenancePage,
} from '../workflows/maintenance.contract';
import type { ActivityDependencies } from './dependencies';

/** How long one activity works before its workflow shows how far it is. */
const SLICE_MS = 10_000;
const PURGED_AT_ONCE = 200;
const PROMOTED_AT_ONCE = 1_000;
/** Of more, the newest are compared. */
const COMPARED_MEMORIES = 50_000;

type Input = MaintenanceInput & { from: string | null };
type Part = (dependencies: ActivityDependencies, input: Input) => Promise<MaintenancePage>;

/** See workflows/maintenance.contract. */
export function createMaintain(dependencies: ActivityDependencies): MaintenanceActivities['maintain'] {
  return async function maintain(input) {
    const until = Date.now() + SLICE_MS;
    let counts: MaintenanceCounts = {};
    let { from } = input;
    for (;;) {
      Context.current().heartbeat();
      const part = await PARTS[input.job](dependencies, { ...input, from });
      counts = addCounts(counts, part.counts);
      from = part.next;
      if (from === null || Date.now() >= until) break;
    }
    if (Object.values(counts).some((count) => count > 0))
      log.info(`maintenance: ${input.job}`, { dryRun: input.dryRun, ...counts });
    return { counts, next: from };
  };
}

const PARTS: Record<MaintenanceJob, Part> = { expire, compact, promote };

async function expire(dependencies: ActivityDependencies, input: Input): Promise<MaintenancePage> {
  const scope = { namespace: input.namespace, userId: input.userId };
  if (input.dryRun) return { counts: await countOverMemories(dependencies.pool, scope), next: null };
  const { of, expired, purged } = await purgeOverMemories(dependencies.pool, scope, PURGED_AT_ONCE);
  for (const { changed, ...owner } of of) await bringToIndex(dependencies, owner, changed);
  const more = expired + purged === PURGED_AT_ONCE;
  return { counts: { expired, purged }, next: more ? 'more' : null };
}

async function promote({ pool }: ActivityDependencies, input: Input): Promise<MaintenancePage> {
  const scope = { namespace: input.namespace, userId: input.userId };
  if (input.dryRun) return { counts: { promoted: await countRipeMemories(pool, scope) }, next: null };
  const promoted = await promoteMemories(pool, scope, PROMOTED_AT_ONCE);
  return { counts: { promoted }, next: promoted === PROMOTED_AT_ONCE ? 'more' : null };
}

/** One user's memories. */
async function compact(dependencies: ActivityDependencies, input: Input): Promise<MaintenancePage> {
  const { pool } = dependencies;
  const scope = { namespace: input.namespace, userId: input.userId };
  const counts = { examined: 0, merged: 0, created: 0 };
  const user = await nextUserToCompact(pool, scope, input.from);
  if (!user) return { counts, next: null };
  const owner = { namespace: user.namespace, userId: user.userId };
  const now = await compactionClock(pool);
  const candidates = await compactionCandidates(pool, owner, COMPARED_MEMORIES);
  counts.examined = candidates.length;
  try {
    for (const group of nearDuplicates(candidates, termsOf)) {
      if (input.dryRun) {
        counts.merged += group.length;
        counts.created += 1;
        continue;
      }
      Context.current().heartbeat();
      const { merged, changed } = await mergeMemories(pool, owner, group, (sources, id) =>
        mergedMemory(sources, id, now),
      );
      if (merged === 0) continue;
      counts.merged += merged;
      counts.created += 1;
      await bringToIndex(dependencies, owner, changed);
    }
    if (!input.dryRun) await noteCompacted(pool, owner, now);
  } catch (thrown) {
    // Erased meanwhile: the next user's turn.
    if (!isErasedUser(thrown)) throw thrown;
  }
  return { counts, next: input.userId === null ? user.hash : null };
}

/** While the index is away the record is right all the same, and the sweep brings the index after it. */
async function bringToIndex(
  dependencies: ActivityDependencies,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<void> {
  try {
    await keepIndex(dependencies, owner, ids);
  } catch (thrown) {
    if (isErasedUser(thrown)) return;
    if (!(thrown instanceof UnavailableError || thrown instanceof RefusedError)) throw thrown;
    log.warn('the index is behind after maintenance; the sweep will see to it', { error: thrown });
  }
}
