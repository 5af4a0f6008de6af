import { batchSizeAt, type IngestionPolicy } from './policy';

/** Why a batch was closed, as people read it in the Temporal UI. */
export type FlushReason = 'size' | 'window' | 'flush' | 'idle' | 'import_end';

/** A message that is in no batch yet. */
export interface PendingTurn {
  seq: number;
  arrivedAtMs: number;
  /** Its own time if it came by an import; there the messages' times stand for the clock. Null: no time of its own. */
  importedSaidAtMs?: number | null;
}

export interface PlannedBatch {
  firstSeq: number;
  lastSeq: number;
  reason: FlushReason;
}

export interface BatchPlan {
  batches: PlannedBatch[];
  /** When the window of what stays pending ends; null when nothing stays, or no live clock runs for it. */
  windowEndsAtMs: number | null;
  /** The seq whose arrival makes the next batch by size. */
  nextCutSeq: number;
}

export interface PlanInput {
  /** Everything stored but in no batch, in order and without gaps. */
  pending: readonly PendingTurn[];
  /** The last seq that is in a batch. */
  plannedThrough: number;
  policy: IngestionPolicy;
  nowMs: number;
  /** Close everything up to here, however small the batch: an explicit flush. 0 for none. */
  flushThroughSeq?: number;
  /** Close the tail whatever its window says. */
  closeTail?: 'idle' | 'import_end';
}

/**
 * Cuts pending messages into batches. A fold over the messages in order, so that the result does not depend on
 * how many of them one signal announced: 20 in one request make the batches that 20 requests would have made.
 *
 * A batch is cut when, after adding a message, the buffer reaches the size of the conversation's volume (or
 * `maxBufferSize`); before a message whose clock lies beyond the window of the first buffered one; at
 * `flushThroughSeq`; and when the window of the tail has ended at `nowMs`.
 */
export function planBatches(input: PlanInput): BatchPlan {
  const { policy, nowMs, flushThroughSeq = 0 } = input;
  const batches: PlannedBatch[] = [];
  let buffer: PendingTurn[] = [];
  let windowEndsAtMs: number | null = null;

  const cut = (reason: FlushReason): void => {
    const first = buffer[0];
    const last = buffer.at(-1);
    if (first && last) batches.push({ firstSeq: first.seq, lastSeq: last.seq, reason });
    buffer = [];
    windowEndsAtMs = null;
  };

  for (const turn of input.pending) {
    const clockMs = clockOf(turn);
    if (windowEndsAtMs !== null && clockMs !== null && clockMs > windowEndsAtMs) cut('window');
    buffer.push(turn);
    if (windowEndsAtMs === null && clockMs !== null) windowEndsAtMs = clockMs + policy.flushIntervalMs;
    if (buffer.length >= batchSizeAt(turn.seq, policy)) cut('size');
    else if (turn.seq === flushThroughSeq) cut('flush');
  }

  if (buffer.length > 0) {
    if (input.closeTail) cut(input.closeTail);
    else if (buffer.at(-1)!.seq <= flushThroughSeq) cut('flush');
    else if (liveWindowEnd(buffer, policy) !== null && nowMs >= liveWindowEnd(buffer, policy)!) cut('window');
  }

  return {
    batches,
    windowEndsAtMs: liveWindowEnd(buffer, policy),
    nextCutSeq: nextCut(buffer, batches.at(-1)?.lastSeq ?? input.plannedThrough, policy),
  };
}

function clockOf(turn: PendingTurn): number | null {
  return turn.importedSaidAtMs === undefined ? turn.arrivedAtMs : turn.importedSaidAtMs;
}

/** The real-time end of a tail's window: by the arrival of its first live message (imports end by `import_end`). */
function liveWindowEnd(buffer: readonly PendingTurn[], policy: IngestionPolicy): number | null {
  const firstLive = buffer.find((turn) => turn.importedSaidAtMs === undefined);
  return firstLive ? firstLive.arrivedAtMs + policy.flushIntervalMs : null;
}

function nextCut(buffer: readonly PendingTurn[], plannedThrough: number, policy: IngestionPolicy): number {
  const start = buffer.at(-1)?.seq ?? plannedThrough;
  for (let seq = start + 1; ; seq += 1) {
    // batchSizeAt never exceeds maxBufferSize, so this ends after at most that many steps.
    if (seq - start + buffer.length >= batchSizeAt(seq, policy)) return seq;
  }
}
