import type { RecalledMemory } from '../domain/memory';
import { MAX_NARRATION_LINES } from '../domain/narration';
import { narrationLines } from './narration-lines';
import type { Statement } from './narrative';

const day = (n: number): Date => new Date(Date.UTC(2024, 4, n));
const statement = (text: string, n: number): Statement => ({ text, sourceIds: [`s${n}`], saidAt: day(n) });

function memory(id: string, relevance: number, turns: readonly string[], n = 1): RecalledMemory {
  return {
    namespace: 'n',
    userId: 'u',
    id,
    tier: 'raw',
    layer: 'short-term',
    type: 'explicit',
    content: turns.join('\n'),
    conversationId: 'c',
    firstSeq: 1,
    lastSeq: 1,
    sourceMessageIds: [],
    importance: 0.5,
    personaTags: [],
    emotionalSignature: null,
    metadata: {},
    createdAt: day(n),
    storedAt: day(n),
    score: relevance,
    relevance,
    matches: turns.map((content, i) => ({
      messageId: `${id}${i}`,
      role: 'user',
      name: i === 0 ? 'Ana' : null,
      content,
      timestamp: day(n),
      score: i === 0 ? relevance : 0,
    })),
  };
}

describe('what a narrative is told from', () => {
  it.each([
    [
      'turns that answer, with who said them, in the order of time',
      [memory('m', 0.9, ['I sold it.'], 3)],
      [
        ['Ana made a vase.', null, 's2'],
        ['I sold it.', 'Ana', 'm'],
      ],
    ],
    [
      'no turn that answers nothing',
      [memory('m', 0.9, ['I sold it.', 'Nice weather.'], 1)],
      [
        ['I sold it.', 'Ana', 'm'],
        ['Ana made a vase.', null, 's2'],
      ],
    ],
    [
      'no memory that answers nothing',
      [memory('m', 0.2, ['Nice weather.'])],
      [['Ana made a vase.', null, 's2']],
    ],
    [
      'no turn that a statement has word for word',
      [memory('m', 0.9, ['made a vase.'])],
      [['Ana made a vase.', null, 's2']],
    ],
    [
      'a memory without turns by what it says',
      [{ ...memory('f', 0.9, ['Ana pots.'], 1), matches: [] }],
      [
        ['Ana pots.', null, 'f'],
        ['Ana made a vase.', null, 's2'],
      ],
    ],
  ])('%s', (_, memories, lines) => {
    const items = narrationLines([statement('Ana made a vase.', 2)], memories);
    expect(items.map(({ text, who, sourceIds }) => [text, who, ...sourceIds])).toEqual(lines);
  });

  it('is bounded: the first statements, and the best turns', () => {
    const statements = Array.from({ length: 200 }, (_, i) => statement(`Statement ${i}.`, 1));
    const memories = Array.from({ length: 200 }, (_, i) => memory(`m${i}`, 0.9, [`Turn ${i}!`], 2));
    const texts = narrationLines(statements, memories).map((item) => item.text);
    expect(texts).toHaveLength(MAX_NARRATION_LINES);
    expect(texts[0]).toBe('Statement 0.');
    expect(texts).toContain('Turn 0!');
    expect(texts).not.toContain('Turn 199!');
  });
});
