import { arcNarrative, episodicNarrative, type NarrativeInput } from './narrative';
import { episodeFreshness, type ReadSummary } from './read-summaries';

function summary(
  id: string,
  day: number,
  texts: readonly string[],
  more: Partial<ReadSummary> = {},
): ReadSummary {
  const at = (minute: number): Date => new Date(Date.UTC(2024, 4, day, 10, minute));
  return {
    id,
    tier: 'episodic',
    version: 1,
    persona: 'identity',
    personaTags: ['identity'],
    conversationId: 'chat',
    firstSeq: 1,
    lastSeq: texts.length,
    frame: `On ${day} May 2024 Ana and Ben talked.`,
    // What says most first, not what was said first.
    sentences: texts.map((text, i) => ({
      text,
      sourceIds: [`${id}${i}`],
      saidAt: at(texts.length - i),
      persona: 'identity',
    })),
    sourceIds: texts.map((_, i) => `${id}${i}`),
    people: [],
    importance: 0.5,
    confidence: 1,
    method: 'test',
    degraded: false,
    basis: id,
    from: at(0),
    to: at(texts.length),
    createdAt: at(0),
    freshness: 1,
    ...more,
  };
}

const summaries = [
  summary('a', 1, ['Ana took up pottery.', 'Ana met Teresa.']),
  summary('b', 2, ['Ben adopted a dog.']),
  summary('c', 3, ['Ana sold a vase.']),
];
const input = (more: Partial<NarrativeInput> = {}): NarrativeInput => ({
  summaries,
  relevance: new Map(),
  answers: () => false,
  persona: 'identity',
  ...more,
});

describe('episodicNarrative', () => {
  it('tells all in the order of time when nothing is asked', () => {
    const { text, statements, summaryIds } = episodicNarrative(input());
    expect(summaryIds).toEqual(['a', 'b', 'c']);
    expect(text.split('\n\n')[0]).toBe(
      'On 1 May 2024 Ana and Ben talked. Ana met Teresa. Ana took up pottery.',
    );
    expect(statements.map((one) => one.sourceIds)).toEqual([['a1'], ['a0'], ['b0'], ['c0']]);
  });

  it('tells what answers the query first, each group in the order of time', () => {
    const relevance = new Map([
      ['c0', 0.9],
      ['b0', 0.6],
      ['a0', 0.1],
    ]);
    expect(episodicNarrative(input({ relevance })).summaryIds).toEqual(['b', 'c', 'a']);
  });

  it('finds by their words what the search did not look at', () => {
    const answers = (text: string): boolean => text.includes('vase');
    expect(episodicNarrative(input({ answers })).summaryIds).toEqual(['c', 'a', 'b']);
  });

  it('tells what came at the same time in the order it was said', () => {
    const at = new Date('2024-05-01T10:00:00Z');
    const one = summary('a', 1, ['Ana slept.', 'Ana swam.', 'Ana woke up.']);
    const sentences = [one.sentences[1]!, one.sentences[2]!, one.sentences[0]!].map((sentence) => ({
      ...sentence,
      saidAt: at,
    }));
    const { text } = episodicNarrative(input({ summaries: [{ ...one, sentences, frame: null }] }));
    expect(text).toBe('Ana slept. Ana swam. Ana woke up.');
  });

  it('is empty only when there is nothing', () => {
    expect(episodicNarrative(input({ summaries: [] })).text).toBe('');
  });
});

describe('arcNarrative', () => {
  it('tells the persona’s own line first', () => {
    const arcs = summaries.map((one) => ({ ...one, tier: 'arc' as const, persona: `p-${one.id}` }));
    expect(arcNarrative(input({ summaries: arcs, persona: 'p-b' })).summaryIds[0]).toBe('b');
  });
});

describe('episodeFreshness', () => {
  const seen = { firstSeq: 1, lastSeq: 4, sourceIds: ['1', '2', '3', '4'] };
  it.each([
    ['all is seen', 4, { throughSeq: 4, liveMemories: null }, 1],
    ['messages came since', 4, { throughSeq: 8, liveMemories: null }, 0.5],
    ['a memory was deleted', 3, { throughSeq: 4, liveMemories: 3 }, 0.75],
    ['a memory came late', 4, { throughSeq: 4, liveMemories: 5 }, 0.8],
  ])('%s', (_, stillLive, standing, expected) => {
    expect(episodeFreshness(seen, stillLive, standing)).toBeCloseTo(expected);
  });

  it('is nothing for an episode that is gone', () => {
    expect(episodeFreshness(seen, 4, undefined)).toBe(0);
  });
});
