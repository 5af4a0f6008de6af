import type { FlushReason } from '../src/domain/batching';
import type { ConversationRef } from '../src/domain/message';

/** What a conversation's workflow is started with; `carried` only by itself, when it continues as new. */
export interface ConversationInput {
  ref: ConversationRef;
  /** Silence after which the tail is flushed and the run ends. */
  idleCloseMs: number;
  /** History length at which the run continues as new, if Temporal has not suggested it before. */
  maxEvents: number;
  carried?: ConversationCarry;
}

/** Plain JSON, computed after the last await before continuing as new. */
export interface ConversationCarry {
  storedThrough: number;
  flushThrough: number;
  /** Missing in old histories. */
  liveThrough?: number;
}

/** Messages up to `throughSeq` are stored; with `flushThrough`, index everything up to there now. Monotone: late or repeated ones are harmless. */
export interface MessagesStored {
  throughSeq: number;
  flushThrough?: number;
  /**
   * When the first of the messages it announces was stored: their window counts from then, not from when a late signal
   * or a worker that was away gets to it. Left out (the sweep): nobody knows, and the record is asked at once.
   */
  storedAtMs?: number;
  /** Up to here somebody has said something just now, or waits for it: it goes before imports, whoever began the run. */
  liveThrough?: number;
}

/** What the query `progress` answers. */
export interface ConversationProgress {
  phase: 'idle' | 'buffering' | 'indexing';
  storedThrough: number;
  plannedThrough: number;
  indexedThrough: number;
  flushThrough: number;
  pending: number;
  /** By the workflow's clock; null while no window runs. */
  windowEndsAtMs: number | null;
}

export const CONVERSATION_WORKFLOW = 'conversation';
export const MESSAGES_STORED_SIGNAL = 'messagesStored';
/** The policy in the record has changed: plan what is pending again, and re-arm the window. No arguments. */
export const POLICY_CHANGED_SIGNAL = 'policyChanged';
/** Failed ranges were put back to "planned" in the record: work on them. No arguments. */
export const RETRY_FAILED_SIGNAL = 'retryFailed';
export const PROGRESS_QUERY = 'progress';

/** The one activity of a conversation: plans batches (rows first), then embeds, saves and indexes up to a page of them. */
export interface IngestBatchesInput {
  ref: ConversationRef;
  /** Explicit flush up to this seq; 0 for none. */
  flushThroughSeq: number;
  /** Set when the conversation has been silent for long: close the tail whatever its window says. */
  closeTail?: 'idle';
}

export interface IngestedBatch {
  firstSeq: number;
  lastSeq: number;
  reason: FlushReason;
  status: 'indexed' | 'failed';
}

export interface IngestBatchesResult {
  /** What this call finished, in order. */
  batches: IngestedBatch[];
  /** Last seq that is stored and due (not held by an import). */
  storedThrough: number;
  /** Last seq that is in a batch. */
  plannedThrough: number;
  /** Everything up to it is indexed or failed. */
  indexedThrough: number;
  /** The seq whose arrival makes the next batch by size. */
  nextCutSeq: number;
  /** How long until the window of what stays pending ends; null when nothing stays pending. */
  windowEndsInMs: number | null;
  /** The conversation's flush interval: with it the next window starts without asking again. */
  flushIntervalMs: number;
  /** The page was full: call again at once. */
  more: boolean;
  /** How long until silence ends the open episode; null when none is open. Missing in old histories. */
  episodeEndsInMs?: number | null;
  /** All that is stored is indexed or failed, and no import holds or is receiving more. Missing in old histories. */
  settled?: boolean;
}

export interface ConversationActivities {
  ingestBatches(input: IngestBatchesInput): Promise<IngestBatchesResult>;
}
