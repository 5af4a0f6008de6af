import {
  decideInjections,
  topInjections,
  type InjectionCandidate,
  type InjectionCandidates,
  type InjectionContext,
} from './injection';
import { DEFAULT_RETRIEVAL_POLICY } from './policy';

interface Scored extends InjectionCandidate {
  raw: number;
}

const STOPPED = new Set(['i', 'am', 'to', 'a', 'the', 'is', 'my', 'do', 'not', 'user', 'assistant']);
const termsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).filter((word) => !STOPPED.has(word));

const memory = (memoryId: string, content: string, raw: number, more: Partial<Scored> = {}): Scored => ({
  memoryId,
  content,
  layer: 'short-term',
  conversationId: 'c-old',
  sourceMessageIds: [`m-${memoryId}`],
  texts: [content],
  raw,
  ...more,
});
/** Relevance falls with the distance to the best of those that are kept. */
const candidates = (...memories: Scored[]): InjectionCandidates<Scored> => ({
  memories,
  termsOf,
  relevances: (kept) => {
    const best = Math.max(...kept.map((one) => one.raw));
    return kept.map((one) => 0.9 * (one.raw / best) ** 2);
  },
});
const context = (more: Partial<InjectionContext> = {}): InjectionContext => ({
  conversationId: 'c-now',
  seq: 20,
  policy: DEFAULT_RETRIEVAL_POLICY,
  content: 'Any updates on my savings goal?',
  lookback: [],
  recent: [],
  ...more,
});
const ids = (decided: ReturnType<typeof decideInjections>): string[] =>
  decided.map((one) => one.injection.memoryId);

const savings = memory('savings', 'My savings goal is 20000 dollars', 1);
const rent = memory('rent', 'The rent goes up in March', 0.9);
const dog = memory('dog', 'We adopted a puppy', 0.85);
const tea = memory('tea', 'Green tea in the evening', 0.82);

describe('threshold, order and cap', () => {
  it('injects the best first, at most as many as the policy says', () => {
    expect(ids(decideInjections(candidates(dog, savings, tea, rent), context()))).toEqual([
      'savings',
      'rent',
      'dog',
    ]);
  });
  it.each([
    [0.9, ['savings']],
    [0.9000001, []],
    [0, ['savings', 'rent', 'dog']],
  ])('passes what reaches %d, equality too', (minSimilarity, expected) => {
    const policy = { ...DEFAULT_RETRIEVAL_POLICY, minSimilarity };
    expect(ids(decideInjections(candidates(savings, rent, dog), context({ policy })))).toEqual(expected);
  });
  it('injects nothing where the cap is 0 or nothing was found', () => {
    const policy = { ...DEFAULT_RETRIEVAL_POLICY, maxInjectionsPerMessage: 0 };
    expect(decideInjections(candidates(savings), context({ policy }))).toEqual([]);
    expect(decideInjections(candidates(), context())).toEqual([]);
  });
});

describe('what the model sees already', () => {
  it.each<[string, Scored, Partial<InjectionContext>]>([
    [
      'a memory of a look-back turn',
      memory('x', 'Something else entirely', 1, { conversationId: 'c-now', sourceMessageIds: ['a', 'seen'] }),
      { lookback: [{ messageId: 'seen', content: 'unlike' }] },
    ],
    ['the message itself, said before', memory('x', 'any updates on my savings goal', 1), {}],
    ['part of a statement', memory('x', 'I love hiking', 1), { content: 'I love hiking and climbing.' }],
    [
      'what a look-back turn says',
      memory('x', 'Hiking is the best', 1),
      { lookback: [{ messageId: 'seen', content: 'the best is hiking!' }] },
    ],
    [
      'a transcript of which every turn is seen',
      memory('x', 'user: I love hiking\nassistant: hiking', 1, { texts: ['I love hiking', 'hiking'] }),
      { content: 'I love hiking' },
    ],
  ])('leaves out %s', (_name, candidate, more) => {
    expect(decideInjections(candidates(candidate), context(more))).toEqual([]);
  });

  it.each<[string, Scored, Partial<InjectionContext>]>([
    [
      'the same message id of another conversation',
      memory('x', 'Something else', 1, { sourceMessageIds: ['seen'] }),
      { lookback: [{ messageId: 'seen', content: 'unlike' }] },
    ],
    [
      'a statement that answers the question',
      memory('x', 'I am allergic to nuts', 1),
      { content: 'Am I allergic to nuts?' },
    ],
    ['a denial of the statement', memory('x', 'I do not eat meat', 1), { content: 'I eat meat' }],
    ['what says more', memory('x', 'I love hiking in Norway', 1), { content: 'I love hiking' }],
  ])('keeps %s', (_name, candidate, more) => {
    expect(ids(decideInjections(candidates(candidate), context(more)))).toEqual(['x']);
  });
});

describe('cooldown', () => {
  const past = (seq: number, memoryId: string, content = 'other words', source: string[] = []) => ({
    seq,
    injection: { memoryId, content },
    sourceConversationId: 'c-old',
    sourceMessageIds: source,
  });
  it.each([
    [15, []],
    [14, ['savings']],
  ])('a memory injected at turn %d, seen from turn 20 with a cooldown of 6', (seq, expected) => {
    expect(ids(decideInjections(candidates(savings), context({ recent: [past(seq, 'savings')] })))).toEqual(
      expected,
    );
  });
  it.each([
    ['nearly the same content', past(18, 'fact', 'savings goal: 20000 dollars')],
    ['one made of the same messages', past(18, 'fact', 'other words', ['m-savings'])],
  ])('counts %s as the same', (_name, recent) => {
    expect(decideInjections(candidates(savings), context({ recent: [recent] }))).toEqual([]);
  });
  it('does not take the same message id of another conversation for the same', () => {
    const other = { ...past(18, 'fact', 'other words', ['m-savings']), sourceConversationId: 'c-else' };
    expect(ids(decideInjections(candidates(savings), context({ recent: [other] })))).toEqual(['savings']);
  });
  it('has no effect with a cooldown of 0', () => {
    const policy = { ...DEFAULT_RETRIEVAL_POLICY, reinjectionCooldownTurns: 0 };
    expect(
      ids(decideInjections(candidates(savings), context({ policy, recent: [past(19, 'savings')] }))),
    ).toEqual(['savings']);
  });
});

it('takes out what may not be injected before scores are scaled against the best', () => {
  const loud = memory('loud', 'Any updates on my savings goal', 10);
  expect(ids(decideInjections(candidates(loud, savings), context()))).toEqual(['savings']);
  expect(decideInjections(candidates(loud, savings), context())[0]!.injection.score).toBeCloseTo(0.9);
});

it('injects only one of two that say the same', () => {
  const again = memory('again', 'the savings goal is 20000 dollars', 0.99);
  const fact = memory('fact', 'Wants to save', 0.98, { sourceMessageIds: ['m-savings'], layer: 'semantic' });
  expect(ids(decideInjections(candidates(again, fact, savings, rent), context()))).toEqual([
    'savings',
    'rent',
  ]);
});

it('has the shape of the contract', () => {
  const fact = memory('fact', 'Saves for a house', 1, {
    layer: 'semantic',
    conversationId: null,
    sourceMessageIds: [],
  });
  expect(decideInjections(candidates(fact), context())).toEqual([
    {
      injection: {
        memoryId: 'fact',
        content: 'Saves for a house',
        source: 'long_term',
        channel: 'inline',
        score: 0.9,
        metadata: { layer: 'semantic', conversation_id: 'c-now' },
      },
      sourceConversationId: null,
      sourceMessageIds: [],
      citedMemoryIds: [],
    },
  ]);
});

describe('summaries', () => {
  const summary = memory('summary', 'Money was tight all spring', 1, {
    layer: 'episodic',
    conversationId: null,
    sourceMessageIds: [],
    citedMemoryIds: ['savings', 'rent'],
  });
  const past = (memoryId: string, citedMemoryIds: string[] = []) => ({
    seq: 18,
    injection: { memoryId, content: 'other words' },
    sourceConversationId: null,
    sourceMessageIds: [],
    citedMemoryIds,
  });
  it('stand in place of what they say something of, and leave room for the rest', () => {
    const decided = decideInjections(candidates(summary, savings, rent, dog), context());
    expect(ids(decided)).toEqual(['summary', 'dog']);
    expect(decided.map((one) => one.citedMemoryIds)).toEqual([['savings', 'rent'], []]);
    expect(decided[0]!.injection).toMatchObject({ source: 'system', metadata: { layer: 'episodic' } });
  });
  it.each<[string, Scored, ReturnType<typeof past>]>([
    ['a memory after a summary of it', savings, past('other', ['savings'])],
    ['a summary after one of its memories', summary, past('rent')],
    ['a summary after another of the same', summary, past('other', ['rent'])],
  ])('count as the same: %s', (_what, candidate, recent) => {
    expect(decideInjections(candidates(candidate), context({ recent: [recent] }))).toEqual([]);
  });
});

describe('topInjections', () => {
  const all = candidates(tea, dog, rent, savings, memory('far', 'unrelated', 0.01));
  it('pages through all, best first, whatever their score', () => {
    const page = (limit: number, offset: number) =>
      topInjections(all, 'c', { limit, offset }).map((one) => one.memoryId);
    expect(page(2, 0)).toEqual(['savings', 'rent']);
    expect(page(50, 2)).toEqual(['dog', 'tea', 'far']);
  });
});
