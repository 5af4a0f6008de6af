import fc from 'fast-check';
import { cosine, fromInt8, meanOfInt8, normalize, toInt8 } from './quantize';

const vectors = fc
  .array(fc.float({ min: -1, max: 1, noNaN: true, noDefaultInfinity: true }), {
    minLength: 384,
    maxLength: 384,
  })
  .filter((vector) => Math.hypot(...vector) > 0.01);

describe('int8 vectors', () => {
  it('lose less than a thousandth of cosine, in one byte a dimension, the same each time', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const bytes = toInt8(normalize(vector));
        expect(bytes).toHaveLength(384);
        expect(bytes.equals(toInt8(normalize(vector)))).toBe(true);
        const back = fromInt8(bytes);
        expect(Math.hypot(...back)).toBeCloseTo(1, 5);
        expect(cosine(back, vector)).toBeGreaterThan(0.999);
      }),
      { numRuns: 200 },
    );
  });

  it('keep a vector that is one single direction', () => {
    expect([...fromInt8(toInt8([0, -1, 0]))]).toEqual([0, -1, 0]);
  });

  it('read a slice of a larger buffer', () => {
    const bytes = toInt8([0.6, -0.8]);
    const padded = Buffer.concat([Buffer.from([9, 9, 9]), bytes, Buffer.from([9])]);
    expect(fromInt8(padded.subarray(3, 5))).toEqual(fromInt8(bytes));
  });

  it('keep zeros as zeros', () => expect([...fromInt8(toInt8([0, 0]))]).toEqual([0, 0]));
});

describe('the mean of vectors', () => {
  it('is their normalised sum', () => {
    // One of them uses less of a byte's range than the other, and weighs as much; one is all zeros.
    const mean = meanOfInt8([toInt8([1, 0]), Buffer.from([0, 100]), toInt8([0, 0])]);
    expect(mean[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(mean[1]).toBeCloseTo(Math.SQRT1_2, 6);
  });

  it('needs vectors of one length', () => {
    expect(() => meanOfInt8([])).toThrow(RangeError);
    expect(() => meanOfInt8([toInt8([1]), toInt8([1, 2])])).toThrow(RangeError);
  });
});

describe('cosine', () => {
  it.each([
    [[1, 0], [0, 2], 0],
    [[1, 1], [3, 3], 1],
    [[1, 0], [-4, 0], -1],
    [[0, 0], [1, 0], 0],
  ])('of %j and %j is %d', (a, b, expected) => expect(cosine(a, b)).toBeCloseTo(expected, 6));

  it('refuses vectors of two spaces', () => expect(() => cosine([1], [1, 2])).toThrow(RangeError));
});
