import { termsOf } from './terms';

/** A message with more content than this speaks for itself. */
const MAX_TERMS_OF_FOLLOW_UP = 2;
const BORROWED_TURNS = 2;
const ASKS_ON =
  /^\s*(?:and|but|so|or|what about|how about|why|how|when|where|who|which|tell me more|go on|any(?:thing)? (?:else|more|news|updates?))\b|\?\s*$/i;
const POINTS_BACK =
  /\b(?:that|this|it|its|they|them|those|these|he|him|she|her|there|then|one|ones|more|else|same)\b/i;

/**
 * What a message asks, with what it leaves unsaid: "and what about that?" borrows the turns before it. A message
 * that asks nothing, or says enough itself, stays as it is.
 */
export function withBorrowedSubject(content: string, lookback: readonly { content: string }[]): string {
  const ownTerms = termsOf(content).length;
  if (lookback.length === 0 || ownTerms > MAX_TERMS_OF_FOLLOW_UP || !ASKS_ON.test(content)) return content;
  if (ownTerms > 0 && !POINTS_BACK.test(content)) return content;
  const before = lookback.slice(-BORROWED_TURNS).map((turn) => turn.content);
  return [...before, content].join('\n');
}
