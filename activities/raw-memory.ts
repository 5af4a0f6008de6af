import type { Memory } from '../src/domain/memory';
import type { Trade, TradeAction } from '../src/domain/holdings/trades';
import { saidAt, textOfTurns, type ConversationRef, type Turn } from '../src/domain/message';
import type { BatchReading } from './read-batch';

/** The contract's keys of a trade; the first thing done, else held, else aimed at. */
const TOLD_FIRST: readonly TradeAction[] = ['buy', 'sell', 'hold', 'goal'];

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
      ...Object.assign({}, ...turns.map((turn) => turn.metadata)),
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

function portfolioOf(trades: readonly Trade[]): Record<string, unknown> | null {
  const first = TOLD_FIRST.flatMap((action) => trades.find((trade) => trade.action === action) ?? [])[0];
  if (!first) return null;
  const { ticker, asset, shares, price, currency, action } = first;
  return Object.fromEntries(
    Object.entries({ ticker, asset, shares, price, currency, action }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
