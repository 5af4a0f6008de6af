import type { PolicyPatch } from '../domain/effective-policy';
import type { Injection } from '../domain/memory';
import type { ConversationRef, IncomingMessage } from '../domain/message';
import type { ConversationPolicy } from '../domain/policy';

/** What became of the messages of one request, by their place in it. */
export interface Appended {
  accepted: number;
  duplicates: number;
  /** The seq of each message, old or new. */
  seqs: number[];
  /** Whether each was known before. */
  duplicate: boolean[];
  /** Least and greatest of `seqs`. */
  fromSeq: number;
  throughSeq: number;
}

/** One turn of an orchestrated stream. */
export interface StreamedTurn {
  messageId: string;
  seq: number;
  duplicate: boolean;
  injections: Injection[];
  /** Parts that were down when it was answered the first time, e.g. `retrieval`. */
  degraded: string[];
}

export interface Streamed extends Appended {
  turns: StreamedTurn[];
}

export interface RetryOutcome {
  /** Ranges put back to work; failed ranges only. */
  ranges: { fromSeq: number; throughSeq: number; reason: string }[];
  throughSeq: number;
}

/**
 * Accepting messages. A call that returns has committed: nothing after it can lose the messages. Errors: DomainError
 * 409 (an id reused with other content; nothing of the request is stored), UnavailableError('postgres').
 */
export interface Ingest {
  /** Stores messages in order. With `flush`, Temporal is told to index them now (wait with `waitIndexed`). */
  append(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    options?: { flush?: boolean },
  ): Promise<Appended>;
  /** The orchestrator's path: stores messages and decides under the lock what is injected into each `user` turn. */
  stream(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    options?: { flush?: boolean },
  ): Promise<Streamed>;
  /** Tells Temporal to index everything stored so far. @returns the last seq that is due, 0 for none */
  flush(ref: ConversationRef): Promise<number>;
  /** Waits until everything up to `throughSeq` is indexed or failed, at most `waitMs`. @returns whether it is */
  waitIndexed(ref: ConversationRef, throughSeq: number, waitMs: number): Promise<boolean>;
  /** Merges a partial policy into the conversation's, making the conversation if need be. @throws DomainError 422 */
  setPolicy(ref: ConversationRef, patch: PolicyPatch): Promise<ConversationPolicy>;
  /** Puts failed ranges back to work. */
  retry(ref: ConversationRef): Promise<RetryOutcome>;
}
