import type { ConversationRef } from '../domain/message';

/** What a conversation's workflow is to be told. */
export interface Announcement {
  /** Messages up to here are stored. */
  throughSeq: number;
  /** Index everything up to here now. */
  flushThrough?: number;
  /** The policy changed. */
  policyChanged?: boolean;
  /** Failed ranges were put back. */
  retryFailed?: boolean;
  /** Nobody knows how long the messages have waited (the sweep found them): the record is asked at once. */
  late?: boolean;
}

/**
 * Tells Temporal behind the answer. One signal in flight a conversation; what comes meanwhile is merged into the next.
 * Never throws: while Temporal is away it retries with back-off, and the sweep covers a process that died with it.
 */
export interface Announcer {
  announce(ref: ConversationRef, announcement: Announcement): void;
  /** Waits until nothing is in flight or waiting, at most `deadlineMs`; then stops. */
  close(deadlineMs: number): Promise<void>;
}
