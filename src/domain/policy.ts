import type { FieldError } from './errors';

/** When pending messages become batches (the guide's IngestionPolicy). Volumes are counts of messages, bounds inclusive. */
export interface IngestionPolicy {
  lowVolumeCutoff: number;
  highVolumeCutoff: number;
  lowVolumeBatchSize: number;
  mediumVolumeBatchSize: number;
  highVolumeBatchSize: number;
  flushIntervalMs: number;
  maxBufferSize: number;
}

/** Which memories are injected (the guide's RetrievalPolicy). */
export interface RetrievalPolicy {
  minSimilarity: number;
  maxInjectionsPerMessage: number;
  reinjectionCooldownTurns: number;
  lookbackMessages: number;
}

export interface ConversationPolicy {
  ingestion: IngestionPolicy;
  retrieval: RetrievalPolicy;
}

export const DEFAULT_INGESTION_POLICY: IngestionPolicy = {
  lowVolumeCutoff: 6,
  highVolumeCutoff: 20,
  lowVolumeBatchSize: 1,
  mediumVolumeBatchSize: 3,
  highVolumeBatchSize: 5,
  flushIntervalMs: 30_000,
  maxBufferSize: 15,
};

export const DEFAULT_RETRIEVAL_POLICY: RetrievalPolicy = {
  minSimilarity: 0.55,
  maxInjectionsPerMessage: 3,
  reinjectionCooldownTurns: 6,
  lookbackMessages: 4,
};

export const MAX_BATCH_MESSAGES = 1_000;
export const MIN_FLUSH_INTERVAL_MS = 100;
export const MAX_FLUSH_INTERVAL_MS = 7 * 24 * 3_600_000;
export const MAX_INJECTIONS_PER_MESSAGE = 50;
export const MAX_COOLDOWN_TURNS = 10_000;
export const MAX_LOOKBACK_MESSAGES = 100;

export type Volume = 'low' | 'medium' | 'high';

/** The volume of a conversation of `messageCount` messages, judged after adding the last one. */
export function volumeOf(messageCount: number, policy: IngestionPolicy): Volume {
  if (messageCount <= policy.lowVolumeCutoff) return 'low';
  return messageCount <= policy.highVolumeCutoff ? 'medium' : 'high';
}

/** How many pending messages make a batch when the conversation has `messageCount` messages. */
export function batchSizeAt(messageCount: number, policy: IngestionPolicy): number {
  const size = {
    low: policy.lowVolumeBatchSize,
    medium: policy.mediumVolumeBatchSize,
    high: policy.highVolumeBatchSize,
  }[volumeOf(messageCount, policy)];
  return Math.min(size, policy.maxBufferSize);
}

const INGESTION_BOUNDS: Record<keyof IngestionPolicy, [number, number]> = {
  lowVolumeCutoff: [0, Number.MAX_SAFE_INTEGER],
  highVolumeCutoff: [0, Number.MAX_SAFE_INTEGER],
  lowVolumeBatchSize: [1, MAX_BATCH_MESSAGES],
  mediumVolumeBatchSize: [1, MAX_BATCH_MESSAGES],
  highVolumeBatchSize: [1, MAX_BATCH_MESSAGES],
  flushIntervalMs: [MIN_FLUSH_INTERVAL_MS, MAX_FLUSH_INTERVAL_MS],
  maxBufferSize: [1, MAX_BATCH_MESSAGES],
};

const WIRE_NAMES: Record<keyof IngestionPolicy, string> = {
  lowVolumeCutoff: 'low_volume_cutoff',
  highVolumeCutoff: 'high_volume_cutoff',
  lowVolumeBatchSize: 'low_volume_batch_size',
  mediumVolumeBatchSize: 'medium_volume_batch_size',
  highVolumeBatchSize: 'high_volume_batch_size',
  flushIntervalMs: 'flush_interval_seconds',
  maxBufferSize: 'max_buffer_size',
};

/**
 * What is wrong with a whole ingestion policy, by the wire names of its fields; empty when it is sound.
 * Needed beside the per-field schema because a partial change is checked against what it is merged into.
 */
export function ingestionPolicyErrors(policy: IngestionPolicy): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(INGESTION_BOUNDS) as (keyof IngestionPolicy)[]) {
    const [least, most] = INGESTION_BOUNDS[key];
    const value = policy[key];
    if (!Number.isFinite(value) || value < least || value > most) {
      const scale = key === 'flushIntervalMs' ? 1_000 : 1;
      errors.push({
        path: `ingestion.${WIRE_NAMES[key]}`,
        message: `must be between ${least / scale} and ${most / scale}`,
      });
    }
  }
  if (policy.lowVolumeCutoff > policy.highVolumeCutoff) {
    errors.push({ path: 'ingestion.low_volume_cutoff', message: 'must not exceed high_volume_cutoff' });
  }
  return errors;
}
