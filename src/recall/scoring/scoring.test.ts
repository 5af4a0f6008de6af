import { fromInt8, scaledFromInt8, toInt8, type ScaledVector } from '../../models/quantize';
import { backgroundShare } from '../background/share';
import { contextualBm25 } from './contextual-bm25';
import { lengthFactor, questionFactor, tellsWhen } from './form';
import { scorePool } from './fuse';
import { evidenceOf, gate, gateFeatures, relevanceOf } from './gate';
import { smoothIdf } from './idf';
import { cosinesOf } from './mixed-vectors';
import { makePool, postingsOf, type PoolTurn } from './pool';
import { phrasesHeld, phrasesOf } from './phrases';
import { questionForEmbedding, readQuestion } from './question';
import { minMax, scaledToBest } from './scale';
import { sessionScores } from './session';
import { saidBy } from './speaker';
import { turnFeatures } from './turn-features';

const unit = (...numbers: number[]): Float32Array => {
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (x) => x / length);
};
const scaled = (...numbers: number[]): ScaledVector => scaledFromInt8(toInt8(numbers));
const turn = (seq: number, content: string, more: Partial<PoolTurn> = {}): PoolTurn => ({
  conversationId: 'c',
  seq,
  role: 'user',
  name: null,
  content,
  saidAt: new Date('2023-05-08T10:00:00Z'),
  vector: null,
  ...more,
});
const now = new Date('2023-10-20T00:00:00Z');
const ask = (text: string, names: string[] = [], vector: Float32Array | null = null) =>
  readQuestion(text, names, vector, now);
const order = (turns: PoolTurn[], question: ReturnType<typeof ask>): number[] => {
  const scored = scorePool(makePool(turns), question, backgroundShare);
  return scored.pool.turns
    .map((t, i) => ({ seq: t.seq, pooled: scored.scores[i]!.pooled }))
    .sort((a, b) => b.pooled - a.pooled)
    .map((one) => one.seq);
};

describe('pool', () => {
  const pool = makePool([
    turn(3, 'c'),
    turn(1, 'a'),
    turn(2, 'b'),
    turn(6, 'f'),
    turn(2, 'x', { conversationId: 'd' }),
  ]);
  it.each([
    [0, 1, 1],
    [0, 2, 2],
    [1, -1, 0],
    [0, -1, -1],
    [2, 1, -1],
    [2, 3, 3],
    [3, 1, -1],
    [4, -1, -1],
  ])('the neighbour of place %d at %d is %d', (place, offset, expected) => {
    expect(pool.neighbour(place, offset)).toBe(expected);
  });
  it('gives what no conversation holds no neighbours', () => {
    const facts = makePool([turn(0, 'a', { conversationId: null }), turn(1, 'b', { conversationId: null })]);
    expect(facts.neighbour(0, 1)).toBe(-1);
  });
});

describe('smoothIdf', () => {
  const idf = (documents: number) =>
    smoothIdf(
      ['dog', 'cello'],
      documents,
      (term) => (term === 'dog' ? documents : 0),
      (term) => (term === 'dog' ? 0.05 : 0.0001),
    );
  it('follows everyday language while there are few documents', () => {
    const few = idf(1);
    expect(few.get('cello')!).toBeGreaterThan(few.get('dog')! * 2);
  });
  it('follows the documents once there are many', () => {
    const many = idf(1_000);
    expect(many.get('dog')!).toBeLessThan(0.1);
  });
});

describe('contextualBm25', () => {
  const scores = (turns: PoolTurn[], terms: string[]): number[] => {
    const pool = makePool(turns);
    return Array.from(contextualBm25(pool, postingsOf(pool, terms), new Map(terms.map((term) => [term, 1]))));
  };
  it('lends a turn what is said around it, ever less with distance, more from before than from after', () => {
    const [two, one, hit, next] = scores(
      [turn(1, 'blue sky'), turn(2, 'green grass'), turn(3, 'cello lesson'), turn(4, 'warm rain')],
      ['cello'],
    );
    expect(hit).toBeGreaterThan(next!);
    expect(next).toBeGreaterThan(one!);
    expect(one).toBeGreaterThan(two!);
    expect(two).toBeGreaterThan(0);
  });
  it('does not reach into another conversation, nor beyond seven turns', () => {
    const far = Array.from({ length: 9 }, (_, i) => turn(i + 1, i === 0 ? 'cello lesson' : 'warm rain'));
    const found = scores([...far, turn(2, 'warm rain', { conversationId: 'd' })], ['cello']);
    expect(found[7]).toBeGreaterThan(0);
    expect(found[8]).toBe(0);
    expect(found[9]).toBe(0);
  });
  it('finds a turn by the month it was said in', () => {
    const [may, june] = scores(
      [
        turn(1, 'warm rain'),
        turn(1, 'warm rain', { conversationId: 'd', saidAt: new Date('2023-06-08T10:00:00Z') }),
      ],
      ['june'],
    );
    expect(may).toBe(0);
    expect(june).toBeGreaterThan(0);
  });
});

describe('cosinesOf', () => {
  it('mixes neighbours as if their weighted vectors were added up', () => {
    const vectors = [unit(1, 0, 0.2), unit(0, 1, 0), unit(0.3, 0.4, 1), unit(1, 1, 1), unit(-1, 0.5, 0)];
    const quantized = vectors.map(toInt8);
    const pool = makePool(quantized.map((bytes, i) => turn(i + 1, 'x', { vector: scaledFromInt8(bytes) })));
    const kept = quantized.map(fromInt8);
    const question = unit(1, 2, 3);
    const mix = [0, 1, 2].map((d) =>
      [0.18, 0.3, 1, 0.15, 0.09].reduce((sum, share, i) => sum + share * kept[i]![d]!, 0),
    );
    const expected = mix.reduce((sum, x, d) => sum + x * question[d]!, 0) / Math.hypot(...mix);
    expect(cosinesOf(pool, question).mixed[2]).toBeCloseTo(expected, 5);
    const other = unit(3, 1, 0);
    const another = mix.reduce((sum, x, d) => sum + x * other[d]!, 0) / Math.hypot(...mix);
    expect(cosinesOf(pool, other).mixed[2]).toBeCloseTo(another, 5);
  });
  it('has nothing to say of a turn without a vector, or without a question’s', () => {
    const pool = makePool([turn(1, 'x', { vector: scaled(1, 0) }), turn(2, 'y')]);
    expect(cosinesOf(pool, unit(1, 0))).toEqual({
      plain: [expect.closeTo(1), null],
      mixed: [expect.closeTo(1), null],
    });
    expect(cosinesOf(pool, null).mixed).toEqual([null, null]);
  });
});

describe('question', () => {
  it('leaves names out of what is searched and embedded, and knows who is meant', () => {
    const question = ask("What is Ana's job?", ['Ana', 'Bo']);
    expect(question.terms).toEqual(['job']);
    expect([...question.mentioned]).toEqual(['ana']);
    expect(questionForEmbedding("What is Ana's job?", ['Ana', 'Bo'])).toBe('What is job?');
  });
  it.each([
    ['Ana', 'Where does Ana work?', 1],
    ['Bo', 'Where does Ana work?', 0],
    ['Ana', 'Did Ana meet Bo?', 0],
    ['Ana', 'Where is work?', 0],
    [null, 'Where does Ana work?', 0],
    ['Cleo Smith', 'Where does Cleo Smith work?', 1],
    ['Cleo Smith', 'Where does Cleo work?', 1],
  ])('a turn by %s for %j: %d', (name, text, expected) => {
    expect(saidBy(ask(text, ['Ana', 'Bo', 'Cleo Smith']))(turn(1, 'Bo is here', { name }))).toBe(expected);
  });
  it.each([
    ['Bo works at the harbour.', 1],
    ['Ana works at the harbour.', 0],
    ['Works at the harbour.', 0],
  ])('what no conversation holds is of whom it names: %j', (content, expected) => {
    expect(
      saidBy(ask('Where does Bo work?', ['Ana', 'Bo']))(turn(0, content, { conversationId: null })),
    ).toBe(expected);
  });
  it.each([
    ['ok thanks', true],
    ['lol', true],
    ['good morning!', true],
    ['Good morning! I slept badly', false],
    ['good morning?', false],
    ['my cello', false],
    ['I got a new job', false],
    ['I love my job', false],
    ['my bad, great job!', true],
    ['Have a nice weekend', true],
    ['thanks for the info', true],
    ['job', false],
  ])('%j is small talk: %s', (text, expected) => {
    expect(ask(text).phatic).toBe(expected);
  });
});

describe('what a question names', () => {
  it.each([
    ['When did we fly to Lisbon with Otto?', ['Ana'], ['lisbon', 'otto']],
    ['When did we fly to Lisbon with Ana?', ['Ana'], ['lisbon']],
    ['Lisbon was fun. What did we eat?', [], []],
    ['What did I buy last May?', [], []],
    ['WHAT DID WE BUY IN LISBON', [], []],
    ['Wann bekommt mein Hund das neue Halsband?', [], []],
  ])('in %j (of %j): %j', (text, names, expected) => {
    expect(ask(text, names).properTerms).toEqual(expected);
  });
});

describe('phrases', () => {
  const phrases = phrasesOf(['red', 'brick', 'hous', 'red', 'brick', 'brick']);
  it('are the distinct pairs of neighbours', () => {
    expect(phrases).toEqual([
      ['red', 'brick'],
      ['brick', 'hous'],
      ['hous', 'red'],
    ]);
    expect(phrasesOf(['red'])).toEqual([]);
  });
  it.each([
    [['a', 'red', 'brick'], 1],
    [['red', 'old', 'brick', 'hous'], 2],
    [['red', 'old', 'small', 'brick'], 0],
    [['brick', 'red'], 0],
    [['red', 'door', 'gate', 'red', 'brick'], 1],
    [[], 0],
  ])('%j holds %i of them', (terms, expected) => {
    expect(phrasesHeld(phrases, terms)).toBe(expected);
  });
});

describe('sessionScores', () => {
  const scores = (turns: PoolTurn[]): number[] => {
    const pool = makePool(turns);
    return Array.from(sessionScores(pool, postingsOf(pool, ['cello']), new Map([['cello', 2]])));
  };
  it('gives every turn what its conversation says, with diminishing returns, and none of another', () => {
    const other = { conversationId: 'd' };
    expect(scores([turn(1, 'cello'), turn(2, 'warm rain'), turn(1, 'rain', other)])).toEqual([1, 1, 0]);
    expect(scores([turn(1, 'cello cello cello'), turn(1, 'cello', { conversationId: null })])).toEqual([
      0, 1.5,
    ]);
  });
});

describe('form', () => {
  const features = (content: string) => turnFeatures({ content, saidAt: now });
  it('sees a question, words of time, and how often a term is said', () => {
    expect(features('Do you play the cello, the old cello?')).toMatchObject({ asks: true, tellsTime: false });
    expect(features('I played the cello yesterday.')).toMatchObject({ asks: false, tellsTime: true });
    expect(features('cello, cello and rain').counts).toEqual(
      new Map([
        ['cello', 2],
        ['rain', 1],
      ]),
    );
  });
  it.each([
    [true, 0.9],
    [false, 1],
  ])('asks: %s, factor %d', (asks, expected) => {
    expect(questionFactor({ asks }, 0.9)).toBe(expected);
  });
  it('favours longer turns mildly', () => {
    expect(lengthFactor({ length: 10 }, 10, 0.06)).toBe(1);
    expect(lengthFactor({ length: 20 }, 10, 0.06)).toBeCloseTo(1.04, 2);
    expect(lengthFactor({ length: 0 }, 10, 0.06)).toBeCloseTo(0.86, 2);
  });
  it.each([
    [true, true, 1],
    [true, false, 0],
    [false, true, 0],
  ])('tells the time: %s, asked when: %s, %d', (tellsTime, asksWhen, expected) => {
    expect(tellsWhen({ tellsTime }, { asksWhen })).toBe(expected);
  });
});

describe('scale', () => {
  it('takes the best for 1', () => {
    expect(Array.from(scaledToBest(Float64Array.of(1, 4, 0)))).toEqual([0.25, 1, 0]);
    expect(Array.from(scaledToBest(Float64Array.of(0, 0)))).toEqual([0, 0]);
  });
  it('stretches from least to most', () => {
    expect(minMax([0.1, null, 0.7, 0.4])).toEqual([0, 0, 1, expect.closeTo(0.5)]);
    expect(minMax([0.6, 0.62])).toEqual([0, expect.closeTo(0.05)]);
    expect(minMax([0.4])).toEqual([0.4]);
    expect(minMax([null, -0.2])).toEqual([0, 0]);
  });
});

describe('scorePool', () => {
  it('prefers the speaker who is asked about', () => {
    const turns = [
      turn(1, 'I bake bread', { name: 'Ana' }),
      turn(1, 'I bake bread', { name: 'Bo', conversationId: 'd', seq: 2 }),
    ];
    expect(order(turns, ask('What does Bo bake?', ['Ana', 'Bo']))[0]).toBe(2);
    expect(order(turns, ask('What does Ana bake?', ['Ana', 'Bo']))[0]).toBe(1);
  });
  it('does not let a hair of meaning outweigh the speaker, among a few turns', () => {
    const turns = [
      turn(1, 'I bake bread', { name: 'Ana', vector: scaled(1, 0.1) }),
      turn(2, 'I bake bread', { name: 'Bo', vector: scaled(1, 0.12), conversationId: 'd' }),
    ];
    expect(order(turns, ask('What does Bo bake?', ['Ana', 'Bo'], unit(1, 0)))[0]).toBe(2);
  });
  it('scores what may answer alone, and by what stands around it all the same', () => {
    const turns = [
      turn(1, 'the cello', { vector: scaled(1, 0) }),
      turn(2, 'I am here', { vector: scaled(0, 1) }),
      turn(9, 'he is there', { vector: scaled(0, 1) }),
    ];
    const question = ask('cello', [], unit(1, 0));
    const all = scorePool(makePool(turns), question, backgroundShare);
    const some = scorePool(
      makePool(turns, ({ seq }) => seq > 1),
      question,
      backgroundShare,
    );
    expect(some.scores[0]!.pooled).toBe(0);
    expect(some.scores[1]!.pooled).toBeGreaterThan(some.scores[2]!.pooled);
    expect(evidenceOf(all, question)[0]).toMatchObject({ share: 1, cosine: expect.closeTo(1) as number });
    expect(evidenceOf(some, question)[0]).toMatchObject({ share: 0, cosine: null });
    expect(evidenceOf(some, question)[1]).toEqual(evidenceOf(all, question)[1]);
    expect(cosinesOf(some.pool, unit(1, 0)).mixed[1]).toBe(cosinesOf(all.pool, unit(1, 0)).mixed[1]);
  });
  it('takes related words where there are no vectors', () => {
    const turns = [turn(1, 'I play the violin'), turn(2, 'I paint the fence', { conversationId: 'd' })];
    expect(order(turns, ask('Which instruments?'))[0]).toBe(1);
    const scored = scorePool(
      makePool(turns),
      { ...ask('Which instruments?'), takesRelatedWords: false },
      backgroundShare,
    );
    expect(scored.scores.map((one) => one.pooled)).toEqual([0, 0]);
  });
  it('prefers an answer to a question in the same words', () => {
    const turns = [
      turn(1, 'When do you bake bread?'),
      turn(2, 'I bake bread daily', { conversationId: 'd' }),
    ];
    expect(order(turns, ask('bake bread'))[0]).toBe(2);
  });
  it('prefers the time that is asked about', () => {
    const turns = [
      turn(1, 'We went hiking'),
      turn(2, 'We went hiking', { conversationId: 'd', saidAt: new Date('2023-10-18T00:00:00Z') }),
    ];
    expect(order(turns, ask('Where did we go hiking on 18 October 2023?'))[0]).toBe(2);
  });
  it('takes meaning where words fail', () => {
    const turns = [turn(1, 'cats', { vector: scaled(0, 1) }), turn(9, 'puppy', { vector: scaled(1, 0.1) })];
    expect(order(turns, ask('dog', [], unit(1, 0)))[0]).toBe(9);
  });
});

describe('gate', () => {
  const relevance = (memories: string[], text: string, cosine: number | null): number => {
    const question = ask(text);
    const scored = scorePool(
      makePool(memories.map((content, i) => turn(1, content, { conversationId: `c${i}` }))),
      question,
      backgroundShare,
    );
    const evidence = evidenceOf(scored, question).map((one) => ({ ...one, cosine }));
    return gate(
      { ...question, contentTerms: question.terms.length, namesParticipant: false },
      evidence,
      memories.length,
    );
  };
  const goal = 'My savings goal is 20,000 dollars by the end of the year.';
  it('lets a first memory answer, by words alone too', () => {
    expect(relevance([goal], 'Any updates on my savings goal?', 0.6)).toBeGreaterThan(0.55);
    expect(relevance([goal], 'Any updates on my savings goal?', null)).toBeGreaterThan(0.55);
  });
  it.each(['ok thanks', 'lol', 'good morning!', 'thank you so much'])('answers %j with nothing', (text) => {
    expect(relevance([goal], text, 0.9)).toBe(0);
  });
  it('does not let another subject pass', () => {
    expect(relevance([goal], 'How long do I boil an egg?', 0.05)).toBeLessThan(0.1);
    expect(relevance([goal], 'How long do I boil an egg?', null)).toBeLessThan(0.55);
  });
  it('asks for more the more memories there are', () => {
    const evidence = [{ share: 0.5, matched: 5, terms: ['tea'], phrases: 0, cosine: 0.4 }];
    const question = {
      contentTerms: 3,
      terms: ['tea'],
      namesParticipant: false,
      properTerms: [],
      phatic: false,
    };
    expect(gate(question, evidence, 1)).toBeGreaterThan(gate(question, evidence, 1_000));
  });
  it('takes each feature from the turn where it is best', () => {
    const features = gateFeatures(
      {
        contentTerms: 50,
        terms: ['tea', 'time', 'lisbon', 'oslo', 'trip'],
        namesParticipant: true,
        properTerms: ['lisbon', 'oslo'],
        phatic: false,
      },
      [
        { share: 0.9, matched: 3, terms: ['lisbon'], phrases: 0, cosine: 0.1 },
        { share: 0.2, matched: 4, terms: ['tea', 'time'], phrases: 1, cosine: 0.8 },
      ],
      0,
    );
    expect(features).toMatchObject({ share: 0.9, cosine: 0.8, namesParticipant: 1, logMemories: 0 });
    expect(features).toMatchObject({ namesUnknown: 1, unknownTerms: 2, phrases: 1 });
    expect(features.logMatched).toBeCloseTo(Math.log(5));
    expect(features.logContentTerms).toBeCloseTo(Math.log(9));
  });
  it('answers nothing with nothing', () => {
    const question = {
      contentTerms: 3,
      terms: ['tea'],
      namesParticipant: true,
      properTerms: [],
      phatic: false,
    };
    expect(gate(question, [], 0)).toBe(0);
  });
});

it('relevance keeps the order of the fused scores', () => {
  expect([1, 0.8, 0.5, 0].map((pooled) => relevanceOf(0.9, pooled, 1))).toEqual([
    0.9,
    expect.closeTo(0.576),
    expect.closeTo(0.225),
    0,
  ]);
  expect(relevanceOf(0.9, 0, 0)).toBe(0);
});

describe('questions that ask to infer', () => {
  it.each([
    ['Would she enjoy a concert?', true],
    ['What job might he look for next?', true],
    ['Is she likely to move?', true],
    ['Would you remind me of the date?', false],
    ['What would like to be fed?', false],
    ['When did she move?', false],
  ])('%s %s', (text, expected) => {
    expect(ask(text).asksToInfer).toBe(expected);
  });
  it('count meaning for more than words', () => {
    const said = [
      turn(1, 'a concert is announced', { vector: scaled(0, 1) }),
      turn(20, 'she plays the cello', { vector: scaled(1, 0.2), conversationId: 'd' }),
    ];
    expect(order(said, ask('when did she enjoy the concert?', [], unit(1, 0)))).toEqual([1, 20]);
    expect(order(said, ask('would she enjoy the concert?', [], unit(1, 0)))).toEqual([20, 1]);
  });
});
