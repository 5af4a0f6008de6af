import type { ScaledVector } from '../../models/quantize';
import type { Pool } from './pool';

/** Offsets and shares of the neighbours mixed into a turn's vector; no two lie further apart than MIXED_SPAN_TURNS. */
const MIX: readonly (readonly [offset: number, share: number])[] = [
  [-1, 0.3],
  [-2, 0.18],
  [1, 0.15],
  [2, 0.09],
];

export interface Cosines {
  /** Question against the turn alone; null where there is no vector, or where it plays no part. */
  plain: (number | null)[];
  /** Question against the turn mixed with its neighbours; null for turns that may not answer, too. */
  mixed: (number | null)[];
}

/**
 * Cosines of the question's unit vector with every turn of the pool.
 * @param context how much of the neighbours' shares counts; 0 leaves each turn to itself
 */
export function cosinesOf(pool: Pool, question: Float32Array | null, context = 1): Cosines {
  const plain: (number | null)[] = new Array<null>(pool.turns.length).fill(null);
  const known = new Uint8Array(pool.turns.length);
  const plainAt = (place: number): number | null => {
    if (known[place] === 0) {
      known[place] = 1;
      const { vector } = pool.turns[place]!;
      plain[place] = question && vector ? vector.scale * dotWithQuestion(question, vector.components) : null;
    }
    return plain[place]!;
  };
  // The turn itself, then the neighbours that have a vector.
  const places = new Int32Array(MIX.length + 1);
  const shares = new Float64Array(MIX.length + 1);
  const mixed = pool.turns.map((_turn, i) => {
    const own = pool.mayAnswer[i] === 1 ? plainAt(i) : null;
    if (own === null) return null;
    let product = own;
    let squares = 1;
    let count = 1;
    places[0] = i;
    shares[0] = 1;
    for (const [offset, full] of MIX) {
      const share = context * full;
      const at = pool.neighbour(i, offset);
      const cosine = at < 0 ? null : plainAt(at);
      if (cosine === null) continue;
      product += share * cosine;
      squares += share * share;
      for (let k = 0; k < count; k += 1) squares += 2 * share * shares[k]! * productOf(pool, places[k]!, at);
      places[count] = at;
      shares[count] = share;
      count += 1;
    }
    return squares > 0 ? product / Math.sqrt(squares) : 0;
  });
  return { plain, mixed };
}

/**
 * The product of the vectors of two turns of one conversation, worked out once: the length of a mixture follows from
 * such products, so that no mixture has to be built, whatever the question.
 */
function productOf(pool: Pool, a: number, b: number): number {
  const first = Math.min(a, b);
  const second = Math.max(a, b);
  const { products } = pool.features[first]!;
  const distance = pool.turns[second]!.seq - pool.turns[first]!.seq;
  const known = products[distance - 1]!;
  if (!Number.isNaN(known)) return known;
  const product = productOfQuantized(pool.turns[first]!.vector!, pool.turns[second]!.vector!);
  products[distance - 1] = product;
  return product;
}

// Two loops that look alike: each sees arrays of one kind alone, which makes it several times as fast. Four sums do
// not wait for one another.

/** @throws RangeError when they are of two spaces */
function dotWithQuestion(a: Float32Array, b: Int8Array): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions`);
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let d = 0;
  for (; d + 3 < a.length; d += 4) {
    first += a[d]! * b[d]!;
    second += a[d + 1]! * b[d + 1]!;
    third += a[d + 2]! * b[d + 2]!;
    fourth += a[d + 3]! * b[d + 3]!;
  }
  for (; d < a.length; d += 1) first += a[d]! * b[d]!;
  return first + second + third + fourth;
}

function productOfQuantized(x: ScaledVector, y: ScaledVector): number {
  const a = x.components;
  const b = y.components;
  let first = 0;
  let second = 0;
  let d = 0;
  for (; d + 1 < a.length; d += 2) {
    first += a[d]! * b[d]!;
    second += a[d + 1]! * b[d + 1]!;
  }
  for (; d < a.length; d += 1) first += a[d]! * b[d]!;
  return x.scale * y.scale * (first + second);
}
