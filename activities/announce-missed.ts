import { missedAnnouncements, touchConversations } from '../src/record/conversations';
import { undrivenErasures } from '../src/record/erasures';
import { dueExtractions } from '../src/record/extraction-windows';
import { undrivenImports } from '../src/record/import-window';
import { forgetExpiredAnswers } from '../src/record/idempotency';
import { FLOOD_WAIT_SECONDS } from '../src/temporal/announcing-rate';
import type { SweepActivities } from '../workflows/sweep.contract';
import { catchUpIndex } from './catch-up-index';
import { catchUpSummaries } from './catch-up-summaries';
import type { ActivityDependencies } from './dependencies';

/** Longer than an announcement waits in a flood: what merely waits its turn is not told twice. */
const MISSED_AFTER_MS = (FLOOD_WAIT_SECONDS + 2) * 1_000;
/** Beyond its flush window: a conversation whose run was terminated, or a Temporal that lost its store. */
const STUCK_AFTER_MS = 60_000;
const CONVERSATIONS_A_SWEEP = 500;
/** Longer than its workflow leaves an import or an erasure alone. */
const UNDRIVEN_AFTER_MS = 30_000;
const IMPORTS_A_SWEEP = 50;
const ERASURES_A_SWEEP = 50;
const EXTRACTIONS_A_SWEEP = 100;

/** See workflows/sweep.contract. */
export function createAnnounceMissed(dependencies: ActivityDependencies): SweepActivities['announceMissed'] {
  const { pool, announcer, importTeller, erasureTeller, extraction, defaults } = dependencies;
  return async function announceMissed() {
    await forgetExpiredAnswers(pool);
    await catchUpIndex(dependencies);
    if (extraction)
      for (const ref of await dueExtractions(pool, EXTRACTIONS_A_SWEEP)) await extraction.teller.tell(ref);
    const undriven = await undrivenImports(pool, UNDRIVEN_AFTER_MS, IMPORTS_A_SWEEP);
    await Promise.all(undriven.map((ref) => importTeller.tell(ref)));
    const unerased = await undrivenErasures(pool, UNDRIVEN_AFTER_MS, ERASURES_A_SWEEP);
    await Promise.all(unerased.map((ref) => erasureTeller.tell(ref)));
    const missed = await missedAnnouncements(pool, {
      missedAfterMs: MISSED_AFTER_MS,
      stuckAfterMs: STUCK_AFTER_MS,
      limit: CONVERSATIONS_A_SWEEP,
      defaultFlushIntervalMs: defaults.ingestion.flushIntervalMs,
    });
    for (const { ref, dueThrough } of missed) announcer.announce(ref, { throughSeq: dueThrough, late: true });
    // So that one that stays stuck is announced once in a while, not at every sweep.
    if (missed.length > 0)
      await touchConversations(
        pool,
        missed.map(({ ref }) => ref),
      );
    await catchUpSummaries(dependencies);
    return { announced: missed.length, more: missed.length === CONVERSATIONS_A_SWEEP };
  };
}
