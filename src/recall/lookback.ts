import type { Pool } from 'pg';
import type { ConversationRef, Turn } from '../domain/message';
import { DEFAULT_RETRIEVAL_POLICY } from '../domain/policy';
import { conversationState } from '../record/conversations';
import { readTurns } from '../record/messages';

/**
 * The last `lookback_messages` turns of a conversation, oldest first: what the model sees there, and what a follow-up
 * leaves unsaid. None for an unknown conversation.
 * @param lookbackMessages of conversations that did not set their own
 */
export async function readLookback(
  pool: Pool,
  ref: ConversationRef,
  lookbackMessages: number = DEFAULT_RETRIEVAL_POLICY.lookbackMessages,
): Promise<Turn[]> {
  const state = await conversationState(pool, ref);
  const count = state?.retrievalPolicy.lookbackMessages ?? lookbackMessages;
  if (!state || state.appendedThrough === 0 || count === 0) return [];
  return readTurns(pool, ref, Math.max(1, state.appendedThrough - count + 1), state.appendedThrough);
}

/** The look-back as something to borrow from: a question that was stored before it is asked does not precede itself. */
export function beforeQuestion<T extends { content: string }>(
  lookback: readonly T[],
  query: string,
): readonly T[] {
  return lookback.at(-1)?.content.trim() === query.trim() ? lookback.slice(0, -1) : lookback;
}
