import { planBatches } from '../src/domain/batching';
import { effectivePolicy } from '../src/domain/effective-policy';
import { rawMemoryId } from '../src/domain/ids';
import { PLANNING_PAGE_MESSAGES, insertBatches, pendingTurns } from '../src/record/batches';
import { lockConversation, noteConsidered } from '../src/record/conversations';
import { transaction } from '../src/record/pool';
import type { IngestBatchesInput, IngestBatchesResult } from '../workflows/conversation.contract';
import type { ActivityDependencies } from './dependencies';

export interface PlannedState {
  state: Omit<IngestBatchesResult, 'batches' | 'more'>;
  /** There are more pending messages than one planning looks at. */
  truncated: boolean;
}

/**
 * Plans what is pending under the conversation's lock and writes the plan down in the same transaction, before
 * anything is embedded: whatever crashes later, every retry works on the same batches.
 */
export async function planPending(
  { pool, defaults }: Pick<ActivityDependencies, 'pool' | 'defaults'>,
  { ref, flushThroughSeq, closeTail }: IngestBatchesInput,
): Promise<PlannedState> {
  return transaction(pool, async (client) => {
    const state = await lockConversation(client, ref);
    // Erased, or a signal for a conversation that never was.
    if (!state) return { state: nothing(defaults.ingestion.flushIntervalMs), truncated: false };
    const { pending, nowMs } = await pendingTurns(client, ref, state.plannedThrough, state.dueThrough);
    const truncated = pending.length === PLANNING_PAGE_MESSAGES;
    const { ingestion } = effectivePolicy(defaults, { ingestion: state.ingestionPolicy });
    const lastSeen = pending.at(-1)?.seq ?? 0;
    // What an import still holds will follow: silence is no reason to cut a batch before it.
    const moreIsHeld = lastSeen > 0 && state.appendedThrough > state.dueThrough;
    const plan = planBatches({
      pending,
      plannedThrough: state.plannedThrough,
      policy: ingestion,
      // Behind a full page more of the same batch may follow: its tail is not closed, whatever the clock says.
      nowMs: truncated ? 0 : nowMs,
      flushThroughSeq: truncated && flushThroughSeq > lastSeen ? 0 : flushThroughSeq,
      ...(closeTail && !truncated && !moreIsHeld ? { closeTail } : {}),
    });
    if (plan.batches.length > 0) {
      const rows = plan.batches.map((batch) => ({
        ...batch,
        memoryId: rawMemoryId(ref, batch.firstSeq, batch.lastSeq, state.eraseEpoch),
      }));
      await insertBatches(client, ref, rows, state.plannedThrough);
    }
    // No clock runs for a tail of imported messages alone.
    const imported = pending.some((turn) => turn.importedSaidAtMs !== undefined);
    if (imported && plan.windowEndsAtMs === null) await noteConsidered(client, ref, lastSeen);
    return {
      state: {
        storedThrough: state.dueThrough,
        plannedThrough: plan.batches.at(-1)?.lastSeq ?? state.plannedThrough,
        indexedThrough: state.indexedThrough,
        nextCutSeq: plan.nextCutSeq,
        windowEndsInMs: plan.windowEndsAtMs === null ? null : Math.max(0, plan.windowEndsAtMs - nowMs),
        flushIntervalMs: ingestion.flushIntervalMs,
      },
      truncated,
    };
  });
}

function nothing(flushIntervalMs: number): PlannedState['state'] {
  return {
    storedThrough: 0,
    plannedThrough: 0,
    indexedThrough: 0,
    nextCutSeq: 1,
    windowEndsInMs: null,
    flushIntervalMs,
  };
}
