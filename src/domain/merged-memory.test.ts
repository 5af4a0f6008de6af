import type { Memory } from './memory';
import { mergedMemory } from './merged-memory';

const memory = (id: string, day: number, change: Partial<Memory> = {}): Memory => ({
  namespace: 'n',
  userId: 'ada',
  id,
  tier: 'raw',
  layer: 'short-term',
  type: 'explicit',
  content: `I run daily ${'!'.repeat(day)}`,
  conversationId: 'c',
  firstSeq: day,
  lastSeq: day,
  sourceMessageIds: [`m${day}`],
  importance: day / 10,
  personaTags: ['health'],
  emotionalSignature: null,
  metadata: { conversation_id: 'c', message_ids: [`m${day}`], message_roles: ['user'], batch_size: 1 },
  createdAt: new Date(Date.UTC(2026, 0, day)),
  storedAt: new Date(Date.UTC(2026, 0, day)),
  ...change,
});
const NOW = new Date(Date.UTC(2026, 1, 1));

describe('a merged memory', () => {
  it('carries the union of messages, dates and tags, in the words of the fullest', () => {
    const sources = [
      memory('b', 2),
      memory('a', 1, { personaTags: ['work'], importance: 0.9 }),
      memory('c', 3),
    ];
    const { memory: merged, representative } = mergedMemory(sources, 'new', NOW);
    expect(representative.id).toBe('c');
    expect(merged).toMatchObject({
      id: 'new',
      tier: 'fact',
      content: 'I run daily !!!',
      conversationId: 'c',
      firstSeq: null,
      lastSeq: null,
      sourceMessageIds: ['m1', 'm2', 'm3'],
      importance: 0.9,
      personaTags: ['health', 'work'],
      createdAt: new Date(Date.UTC(2026, 0, 1)),
      storedAt: NOW,
    });
    expect(merged.metadata).toEqual({
      conversation_id: 'c',
      conversation_ids: ['c'],
      message_ids: ['m1', 'm2', 'm3'],
      message_roles: ['user'],
      merged_from: ['a', 'b', 'c'],
      dates: ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'],
    });
  });

  it('merged again keeps what the first one had', () => {
    const first = mergedMemory([memory('a', 1), memory('b', 2)], 'ab', NOW).memory;
    const second = mergedMemory([first, memory('c', 3, { conversationId: 'other' })], 'abc', NOW).memory;
    expect(second.sourceMessageIds).toEqual(['m1', 'm2', 'm3']);
    expect(second.metadata['dates']).toHaveLength(3);
    expect(second.metadata['conversation_ids']).toEqual(['c', 'other']);
    expect(second.conversationId).toBeNull();
  });
});
