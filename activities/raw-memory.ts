import type { Memory } from '../src/domain/memory';
import { portfolioOf } from '../src/domain/holdings/portfolio';
import { saidAt, textOfTurns, type ConversationRef, type Turn } from '../src/domain/message';
import type { BatchReading } from './read-batch';

/**
 * The raw memory of one batch: the text of a single message, or a batched transcript of several, one
 * `name-or-role: text` a line.
 * @param turns the batch's turns in order, at least one
 * @param reading what they were read as
 */
export function rawMemory(
  ref: ConversationRef,
  id: string,
  turns: readonly Turn[],
  reading: BatchReading,
): Memory {
  const first = turns[0];
  if (!first) throw new Error(`the turns of batch memory ${id} are not in the record`);
  const aggregated = turns.length > 1;
  const portfolio = portfolioOf(reading.trades);
  return {
    namespace: ref.namespace,
    userId: ref.userId,
    id,
    tier: 'raw',
    layer: 'short-term',
    type: 'explicit',
    content: textOfTurns(turns),
    conversationId: ref.conversationId,
    firstSeq: first.seq,
    lastSeq: turns.at(-1)!.seq,
    sourceMessageIds: turns.map((turn) => turn.messageId),
    importance: reading.importance,
    personaTags: reading.personas.map((tag) => tag.persona),
    emotionalSignature: reading.emotionalSignature,
    metadata: {
      ...callersMetadata(turns),
      conversation_id: ref.conversationId,
      message_ids: turns.map((turn) => turn.messageId),
      message_roles: turns.map((turn) => turn.role),
      batch_size: turns.length,
      ...(aggregated ? { aggregation: 'batched_transcript' } : {}),
      ...(portfolio ? { portfolio } : {}),
    },
    createdAt: saidAt(first),
    storedAt: first.storedAt,
  };
}

/** What callers said of the turns, the last word for each key; what we say only at times they do not say in our place. */
function callersMetadata(turns: readonly Turn[]): Record<string, unknown> {
  const {
    aggregation: _,
    portfolio: __,
    ...metadata
  } = Object.assign({}, ...turns.map((turn) => turn.metadata)) as Record<string, unknown>;
  return metadata;
}
