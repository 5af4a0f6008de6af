import { summaryCandidates, summaryRelevances } from './summary-candidates';

const sentence = (text: string, ...sourceIds: string[]) => ({
  text,
  sourceIds,
  saidAt: new Date(0),
  persona: null,
});

it('a summary stands for the memories that its sentences say something of, and for their messages', () => {
  const sentences = [sentence('She bakes.', 'a', 'b'), sentence('Her back hurts.', 'b', 'c')];
  const known = new Map([
    ['a', ['m1']],
    ['c', ['m3', 'm4']],
  ]);
  expect(summaryCandidates([{ id: 's', conversationId: 'c1', frame: 'In May.', sentences }], known)).toEqual([
    {
      memoryId: 's',
      content: 'In May. She bakes. Her back hurts.',
      layer: 'episodic',
      conversationId: 'c1',
      sourceMessageIds: ['m1', 'm3', 'm4'],
      texts: ['She bakes.', 'Her back hurts.'],
      citedMemoryIds: ['a', 'b', 'c'],
    },
  ]);
});

describe('the relevance of summaries', () => {
  const relevances = new Map([
    ['best', 0.9],
    ['good', 0.6],
    ['fair', 0.55],
    ['poor', 0.5],
  ]);
  it.each<[what: string, cited: string[][], expected: number[]]>([
    ['that of the best of two that answer', [['best', 'good']], [0.9]],
    ['as good as min_similarity counts', [['good', 'fair']], [0.6]],
    ['none where one alone answers', [['best', 'poor']], [0]],
    ['none of what was not found', [['best', 'unknown']], [0]],
    ['none without sources', [[]], [0]],
    [
      'only of the one that tells most',
      [
        ['best', 'good'],
        ['best', 'good', 'fair'],
        ['good', 'fair'],
      ],
      [0, 0.9, 0],
    ],
    [
      'the first of equals',
      [
        ['good', 'fair'],
        ['best', 'good'],
      ],
      [0.6, 0],
    ],
    ['nothing of nothing', [], []],
  ])('%s', (_what, cited, expected) => {
    const found = summaryRelevances(
      cited.map((citedMemoryIds) => ({ citedMemoryIds })),
      (id) => relevances.get(id) ?? 0,
    );
    expect(found).toEqual(expected);
  });
});
