import { arcBasis, toldArcStands, type ArcSource } from './standing-arc';

const MAKER = 'extractive-1';
const episode = (id: string, more: Partial<ArcSource> = {}): ArcSource => ({
  id,
  basis: `of ${id}`,
  method: MAKER,
  ...more,
});
const [a, b, c] = [episode('a'), episode('b'), episode('c')];
const seen = [a, b];
const told = {
  method: 'told-1:m',
  basis: arcBasis(MAKER, 'work', seen),
  sourceIds: seen.map(({ id }) => id),
};

describe('a long line that a language model has told', () => {
  it.each([
    ['stands while nothing has changed', told, seen, true],
    ['stands when an episode has come', told, [a, b, c], true],
    [
      'stands when one of its episodes is told by the model',
      told,
      [a, { ...b, method: 'told-1:m' }, c],
      true,
    ],
    ['goes when what is new is the most', told, [a, b, c, episode('d'), episode('e')], false],
    ['goes when what it has seen has changed', told, [{ ...a, basis: 'edited' }, b], false],
    ['goes when what it has seen is gone', told, [b, c], false],
    ['goes if no model has told it', { ...told, method: 'extractive-0' }, seen, false],
    ['goes if nobody knows what it was made from', { ...told, basis: 'of an earlier release' }, seen, false],
  ])('%s', (_, arc, sources, stands) => {
    expect(toldArcStands(arc, MAKER, 'work', sources)).toBe(stands);
  });
});

it('what a long line is made from changes with its episodes, and with who told them', () => {
  const all = [[a, b], [a], [b, a], [a, { ...b, method: 'told-1:m' }], [a, { ...b, basis: 'edited' }]].map(
    (sources) => arcBasis(MAKER, 'work', sources),
  );
  expect(new Set(all).size).toBe(all.length);
  expect(arcBasis(MAKER, 'work', [a, b])).toBe(arcBasis(MAKER, 'work', [a, b]));
  expect(arcBasis(MAKER, 'health', [a, b])).not.toBe(arcBasis(MAKER, 'work', [a, b]));
});
