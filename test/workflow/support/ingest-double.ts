import { planBatches, type FlushReason, type PendingTurn } from '../../../src/domain/batching';
import { conversationWorkflowId } from '../../../src/domain/ids';
import type { ConversationRef } from '../../../src/domain/message';
import { DEFAULT_INGESTION_POLICY, type IngestionPolicy } from '../../../src/domain/policy';
import type {
  ConversationActivities,
  IngestBatchesInput,
  IngestBatchesResult,
} from '../../../workflows/conversation.contract';

export interface KeptBatch {
  firstSeq: number;
  lastSeq: number;
  reason: FlushReason;
  status: 'planned' | 'indexed' | 'failed';
}

interface KeptConversation {
  turns: PendingTurn[];
  policy: IngestionPolicy;
  batches: KeptBatch[];
  calls: IngestBatchesInput[];
}

/** The record and the activity in memory, with the real batching, so that these tests are about the workflow alone. */
export class IngestDouble implements ConversationActivities {
  private readonly conversations = new Map<string, KeptConversation>();
  /** Batches that one call finishes. */
  pageSize = 100;
  /** Called at the start of each activity; throws what the activity is to throw. */
  beforeIngest: (input: IngestBatchesInput) => void | Promise<void> = () => undefined;
  /** Whether it says that all is settled when it is; activities of old releases say nothing. */
  settles = false;
  /** Last seqs of batches that fail, as long as they are in here. */
  readonly failing = new Set<number>();

  of(ref: ConversationRef): KeptConversation {
    const key = conversationWorkflowId(ref);
    const known = this.conversations.get(key);
    if (known) return known;
    const made = { turns: [], policy: { ...DEFAULT_INGESTION_POLICY }, batches: [], calls: [] };
    this.conversations.set(key, made);
    return made;
  }

  /** Stores messages. @returns the last seq */
  store(ref: ConversationRef, count = 1): number {
    const { turns } = this.of(ref);
    for (let i = 0; i < count; i += 1) turns.push({ seq: turns.length + 1, arrivedAtMs: Date.now() });
    return turns.length;
  }

  /** Batches as `size@last`, `a` for aggregated, with the reason where it was not the size. */
  trace(ref: ConversationRef): string[] {
    return this.of(ref).batches.map(({ firstSeq, lastSeq, reason }) => {
      const size = lastSeq - firstSeq + 1;
      return `${size}${size > 1 ? 'a' : ''}@${lastSeq}${reason === 'size' ? '' : ` ${reason}`}`;
    });
  }

  /** What `POST …/retry` does in the record. */
  putFailedBack(ref: ConversationRef): void {
    for (const batch of this.of(ref).batches) if (batch.status === 'failed') batch.status = 'planned';
  }

  ingestBatches = async (input: IngestBatchesInput): Promise<IngestBatchesResult> => {
    const kept = this.of(input.ref);
    kept.calls.push(input);
    await this.beforeIngest(input);
    const plannedBefore = kept.batches.at(-1)?.lastSeq ?? 0;
    const nowMs = Date.now();
    const plan = planBatches({
      pending: kept.turns.slice(plannedBefore),
      plannedThrough: plannedBefore,
      policy: kept.policy,
      nowMs,
      flushThroughSeq: input.flushThroughSeq,
      ...(input.closeTail ? { closeTail: input.closeTail } : {}),
    });
    kept.batches.push(...plan.batches.map((batch) => ({ ...batch, status: 'planned' as const })));
    const page = kept.batches.filter((batch) => batch.status === 'planned').slice(0, this.pageSize);
    for (const batch of page) batch.status = this.failing.has(batch.lastSeq) ? 'failed' : 'indexed';
    const unfinished = kept.batches.find((batch) => batch.status === 'planned');
    const plannedThrough = kept.batches.at(-1)?.lastSeq ?? 0;
    return {
      batches: page.map((batch) => ({ ...batch, status: batch.status === 'failed' ? 'failed' : 'indexed' })),
      storedThrough: kept.turns.length,
      plannedThrough,
      indexedThrough: unfinished ? unfinished.firstSeq - 1 : plannedThrough,
      nextCutSeq: plan.nextCutSeq,
      windowEndsInMs: plan.windowEndsAtMs === null ? null : Math.max(0, plan.windowEndsAtMs - nowMs),
      flushIntervalMs: kept.policy.flushIntervalMs,
      more: unfinished !== undefined,
      ...(this.settles ? { settled: plannedThrough === kept.turns.length && !unfinished } : {}),
    };
  };
}
