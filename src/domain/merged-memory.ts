import type { Memory } from './memory';

/**
 * The one memory that stands for several that say the same: the words of the fullest (the newest of equals), the
 * messages and the dates of all, since the first of them.
 * @param sources at least one
 */
export function mergedMemory(
  sources: readonly Memory[],
  id: string,
  storedAt: Date,
): { memory: Memory; representative: Memory } {
  const byTime = [...sources].sort(
    (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
  );
  const first = byTime[0];
  if (!first) throw new RangeError('nothing to merge');
  const representative = byTime.reduce((best, one) =>
    one.content.length >= best.content.length ? one : best,
  );
  const conversations = distinct(
    byTime.flatMap((memory) => [
      ...textsOf(memory.metadata['conversation_ids']),
      ...(memory.conversationId === null ? [] : [memory.conversationId]),
    ]),
  );
  const messageIds = distinct(byTime.flatMap((memory) => memory.sourceMessageIds));
  const { aggregation: _, batch_size: __, message_roles: roles, ...kept } = representative.metadata;
  return {
    representative,
    memory: {
      ...representative,
      id,
      tier: 'fact',
      conversationId: conversations.length === 1 ? conversations[0]! : null,
      firstSeq: null,
      lastSeq: null,
      sourceMessageIds: messageIds,
      importance: Math.max(...byTime.map((memory) => memory.importance)),
      personaTags: distinct([
        ...representative.personaTags,
        ...byTime.flatMap((memory) => memory.personaTags),
      ]),
      metadata: {
        ...kept,
        ...(Array.isArray(roles) ? { message_roles: roles } : {}),
        ...(conversations.length > 0 ? { conversation_ids: conversations } : {}),
        message_ids: messageIds,
        merged_from: byTime.map((memory) => memory.id),
        dates: distinct(
          byTime.flatMap((memory) => {
            const earlier = textsOf(memory.metadata['dates']);
            return earlier.length > 0 ? earlier : [memory.createdAt.toISOString()];
          }),
        ).sort(),
      },
      createdAt: first.createdAt,
      storedAt,
    },
  };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
