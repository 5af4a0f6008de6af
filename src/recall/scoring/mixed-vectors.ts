import type { Pool } from './pool';

/** Offsets and shares of the neighbours mixed into a turn's vector. */
const MIX: readonly (readonly [offset: number, share: number])[] = [
  [-1, 0.3],
  [-2, 0.18],
  [1, 0.15],
  [2, 0.09],
];

export interface Cosines {
  /** Question against the turn alone; null where there is no vector. */
  plain: (number | null)[];
  /** Question against the turn mixed with its neighbours. */
  mixed: (number | null)[];
}

/** Cosines of the question's unit vector with every turn of the pool. */
export function cosinesOf(pool: Pool, question: Float32Array | null): Cosines {
  const plain = pool.turns.map((turn) => (question && turn.vector ? dot(question, turn.vector) : null));
  const between = productsOf(pool);
  const mixed = plain.map((own, i) => {
    if (own === null) return null;
    let product = own;
    let squares = 1;
    const parts: [place: number, share: number][] = [[i, 1]];
    for (const [offset, share] of MIX) {
      const at = pool.neighbour(i, offset);
      const cosine = at < 0 ? null : plain[at];
      if (cosine === null || cosine === undefined) continue;
      product += share * cosine;
      squares += share * share;
      for (const [place, other] of parts) squares += 2 * share * other * between(place, at);
      parts.push([at, share]);
    }
    return squares > 0 ? product / Math.sqrt(squares) : 0;
  });
  return { plain, mixed };
}

/**
 * Products of the vectors of two turns of the pool, each worked out once: the length of a mixture follows from them,
 * so that no mixture has to be built.
 */
function productsOf(pool: Pool): (a: number, b: number) => number {
  const known = new Map<number, number>();
  return (a, b) => {
    const key = Math.min(a, b) * pool.turns.length + Math.max(a, b);
    let product = known.get(key);
    if (product === undefined)
      known.set(key, (product = dot(pool.turns[a]!.vector!, pool.turns[b]!.vector!)));
    return product;
  };
}

/** @throws RangeError when they are of two spaces */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} dimensions`);
  // Four sums do not wait for one another: some three times as fast as one.
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
