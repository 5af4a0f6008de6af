import { fitRidge } from './ridge';

const unit = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];

describe('ridge regression', () => {
  const vectors = [unit(0), unit(0.2), unit(1.4), unit(1.6), unit(0.1)];
  const targets = vectors.map((vector) => (vector[0]! > 0.5 ? [1, 0] : [0, 1]));

  it('separates what its examples separate', () => {
    const scores = fitRidge(vectors, targets, [1, 1, 1, 1, 1], 0.1);
    const [first, second] = scores(unit(0.3));
    expect(first).toBeGreaterThan(second! + 0.3);
    expect(scores(unit(1.5))[1]).toBeGreaterThan(scores(unit(1.5))[0]! + 0.3);
  });

  it('is the same with more dimensions than examples as with fewer', () => {
    const padded = (vector: number[]): number[] => [...vector, 0, 0, 0, 0, 0];
    const weights = [1, 2, 0.5, 1, 3];
    const small = fitRidge(vectors, targets, weights, 0.7)(unit(0.8));
    const large = fitRidge(vectors.map(padded), targets, weights, 0.7)(padded(unit(0.8)));
    large.forEach((score, i) => expect(score).toBeCloseTo(small[i]!, 8));
  });

  it('counts an example as often as its weight says', () => {
    const twice = fitRidge([...vectors, unit(0)], [...targets, [0, 1]], [1, 1, 1, 1, 1, 2], 0.5)(unit(0.5));
    const both = fitRidge(
      [...vectors, unit(0), unit(0)],
      [...targets, [0, 1], [0, 1]],
      [1, 1, 1, 1, 1, 1, 1],
      0.5,
    )(unit(0.5));
    both.forEach((score, i) => expect(score).toBeCloseTo(twice[i]!, 8));
  });
});
