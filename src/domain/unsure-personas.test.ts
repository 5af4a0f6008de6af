import {
  UNSURE_BELOW,
  acceptPersonas,
  unsureLine,
  unsureMemories,
  type TaggedMemory,
} from './unsure-personas';

const memory = (firstSeq: number, lastSeq: number, confidence: number, more: Partial<TaggedMemory> = {}) => ({
  memoryId: `m${firstSeq}`,
  firstSeq,
  lastSeq,
  personas: [
    { persona: 'identity', confidence },
    { persona: 'work', confidence: 0.3 },
  ],
  tags: ['identity', 'work'],
  ...more,
});
// Message 23 is not shown.
const SHOWN = [21, 22, 24, 25, 26].map((seq) => ({ seq }));
const PERSONAS = ['identity', 'health', 'work', 'Sailing'];

describe('memories whose personas are asked for', () => {
  it.each([
    ['one read with little confidence', memory(24, 26, UNSURE_BELOW - 0.01), [[3, 5]]],
    ['one that begins before what is shown', memory(19, 21, 0.4), [[1, 1]]],
    ['one with a message that is not shown', memory(22, 23, 0.4), [[2, 2]]],
    ['none that was read with confidence', memory(24, 26, UNSURE_BELOW), []],
    ['none that was forced', memory(24, 26, 1), []],
    ['none of which nothing is shown', memory(23, 23, 0.4), []],
    ['none whose tags somebody has set', memory(24, 26, 0.4, { tags: ['work', 'identity'] }), []],
    [
      'none that somebody has given a further tag',
      memory(24, 26, 0.4, { tags: ['identity', 'work', 'x'] }),
      [],
    ],
    ['none that was not read', memory(24, 26, 0.4, { personas: [], tags: [] }), []],
  ])('%s', (_, tagged, shown) => {
    const unsure = unsureMemories([tagged], SHOWN);
    expect(unsure.map((one) => [one.firstShown, one.lastShown])).toEqual(shown);
  });
});

const UNSURE = unsureMemories([memory(19, 21, 0.4), memory(24, 26, 0.3)], SHOWN);

it('they are asked for in one line, and nothing is when there are none', () => {
  expect(unsureLine(UNSURE, PERSONAS)).toBe('Unsure, of identity, health, work, Sailing: U1 M1, U2 M3–M5');
  expect(unsureLine([], PERSONAS)).toBeNull();
});

describe('what is kept of an answer', () => {
  const before = ['identity', 'work'];
  it.each([
    [
      'personas that there are, the main one first',
      [{ part: 1, names: ['work', 'health'] }],
      [['m19', 'work', 'health']],
    ],
    ['each as it is spelled, once', [{ part: 2, names: [' SAILING', 'sailing'] }], [['m24', 'Sailing']]],
    ['not more than a few', [{ part: 1, names: PERSONAS }], [['m19', 'identity', 'health', 'work']]],
    ['none that there is not', [{ part: 1, names: ['sports'] }], []],
    [
      'nothing of what was not asked',
      [
        { part: 3, names: ['work'] },
        { part: 0, names: ['work'] },
      ],
      [],
    ],
    ['nothing where none fits', [{ part: 1, names: [] }], []],
    ['nothing of no answer', [], []],
  ])('%s', (_, proposed, kept) => {
    const told = acceptPersonas(proposed, UNSURE, PERSONAS);
    expect(told.map((one) => [one.memoryId, ...one.tags])).toEqual(kept);
    for (const one of told) expect(one.before).toEqual(before);
  });
});
