import type { Memory } from '../src/domain/memory';
import { saidAt, speakerOf, type ConversationRef, type Turn } from '../src/domain/message';

const DEFAULT_IMPORTANCE = 0.5;
const DEFAULT_PERSONA = 'identity';

/**
 * The raw memory of one batch: the text of a single message, or a batched transcript of several, one
 * `name-or-role: text` a line.
 * @param turns the batch's turns in order, at least one
 */
export function rawMemory(ref: ConversationRef, id: string, turns: readonly Turn[]): Memory {
  const first = turns[0];
  if (!first) throw new Error(`the turns of batch memory ${id} are not in the record`);
  const aggregated = turns.length > 1;
  const forced = turns.map((turn) => turn.forcedPersona).find((persona) => persona !== null);
  return {
    namespace: ref.namespace,
    userId: ref.userId,
    id,
    tier: 'raw',
    layer: 'short-term',
    type: 'explicit',
    content: aggregated
      ? turns.map((turn) => `${speakerOf(turn)}: ${turn.content}`).join('\n')
      : first.content,
    conversationId: ref.conversationId,
    firstSeq: first.seq,
    lastSeq: turns.at(-1)!.seq,
    sourceMessageIds: turns.map((turn) => turn.messageId),
    importance: DEFAULT_IMPORTANCE,
    personaTags: [forced ?? DEFAULT_PERSONA],
    emotionalSignature: null,
    metadata: {
      ...Object.assign({}, ...turns.map((turn) => turn.metadata)),
      conversation_id: ref.conversationId,
      message_ids: turns.map((turn) => turn.messageId),
      message_roles: turns.map((turn) => turn.role),
      batch_size: turns.length,
      ...(aggregated ? { aggregation: 'batched_transcript' } : {}),
    },
    createdAt: saidAt(first),
    storedAt: first.storedAt,
  };
}
