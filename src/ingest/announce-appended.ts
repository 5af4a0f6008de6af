import type { ConversationRef } from '../domain/message';
import type { AcceptedMessage } from '../record/messages';
import type { Announcer } from '../temporal/announcer';
import type { Appended } from './ingest';

/** Tells Temporal of what was stored, and says what became of each message. */
export function announceAppended(
  announcer: Announcer,
  ref: ConversationRef,
  accepted: readonly AcceptedMessage[],
  flush: boolean,
): Appended {
  const seqs = accepted.map((message) => message.seq);
  const duplicate = accepted.map((message) => message.duplicate);
  const throughSeq = Math.max(...seqs);
  const duplicates = duplicate.filter(Boolean).length;
  // Duplicates are announced too: the first request may have died between its commit and its signal.
  announcer.announce(ref, flush ? { throughSeq, flushThrough: throughSeq } : { throughSeq });
  return {
    accepted: accepted.length - duplicates,
    duplicates,
    seqs,
    duplicate,
    fromSeq: Math.min(...seqs),
    throughSeq,
  };
}
