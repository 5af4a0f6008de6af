import { planBatches } from '../src/domain/batching';
import { UnavailableError } from '../src/domain/errors';
import { effectivePolicy } from '../src/domain/effective-policy';
import { rawMemoryId } from '../src/domain/ids';
import { insertBatches } from '../src/record/batches';
import { noteConsidered } from '../src/record/conversations';
import { PLANNING_PAGE_MESSAGES, planningBasis } from '../src/record/planning';
import type { IngestBatchesInput, IngestBatchesResult } from '../workflows/conversation.contract';
import type { ActivityDependencies } from './dependencies';

export interface PlannedState {
  state: Omit<IngestBatchesResult, 'batches' | 'more'>;
  /** Last seq that is stored, held or not. */
  appendedThrough: number;
  /** There are more pending messages than one planning looks at. */
  truncated: boolean;
  /** The record has no such conversation: it was erased, or never was. */
  unknown: boolean;
}

/** Plans that others made void before one is given up; each time, somebody else got on. */
const MAX_PLANS = 20;

/**
 * Plans what is pending and writes the plan down before anything is embedded: whatever crashes later, every retry works
 * on the same batches. A plan made from what has changed meanwhile is void and made again.
 */
export async function planPending(
  dependencies: Pick<ActivityDependencies, 'pool' | 'defaults'>,
  input: IngestBatchesInput,
): Promise<PlannedState> {
  for (let attempt = 1; attempt <= MAX_PLANS; attempt += 1) {
    const planned = await tryToPlan(dependencies, input);
    if (planned) return planned;
  }
  throw new UnavailableError('postgres', `a conversation’s plan was void ${MAX_PLANS} times in a row`);
}

/** Null when the plan was void. */
async function tryToPlan(
  { pool, defaults }: Pick<ActivityDependencies, 'pool' | 'defaults'>,
  { ref, flushThroughSeq, closeTail }: IngestBatchesInput,
): Promise<PlannedState | null> {
  const basis = await planningBasis(pool, ref);
  if (!basis) return unknownConversation(defaults.ingestion.flushIntervalMs);
  const { state, pending, nowMs } = basis;
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
  // No clock runs for a tail of imported messages alone.
  const imported = pending.some((turn) => turn.importedSaidAtMs !== undefined);
  const considered = imported && plan.windowEndsAtMs === null ? lastSeen : 0;
  if (plan.batches.length > 0) {
    const rows = plan.batches.map((batch) => ({
      ...batch,
      memoryId: rawMemoryId(ref, batch.firstSeq, batch.lastSeq, state.eraseEpoch),
    }));
    if (!(await insertBatches(pool, ref, rows, state, considered))) return null;
  } else if (considered > 0) await noteConsidered(pool, ref, considered);
  return {
    state: {
      storedThrough: state.dueThrough,
      plannedThrough: plan.batches.at(-1)?.lastSeq ?? state.plannedThrough,
      indexedThrough: state.indexedThrough,
      nextCutSeq: plan.nextCutSeq,
      windowEndsInMs: plan.windowEndsAtMs === null ? null : Math.max(0, plan.windowEndsAtMs - nowMs),
      flushIntervalMs: ingestion.flushIntervalMs,
    },
    appendedThrough: state.appendedThrough,
    truncated,
    unknown: false,
  };
}

/** How a conversation stands of which there is nothing. */
export function unknownConversation(flushIntervalMs: number): PlannedState {
  const state = {
    storedThrough: 0,
    plannedThrough: 0,
    indexedThrough: 0,
    nextCutSeq: 1,
    windowEndsInMs: null,
    flushIntervalMs,
  };
  return { state, appendedThrough: 0, truncated: false, unknown: true };
}
