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
  const plain = pool.turns.map((turn) => dot(question, turn.vector));
  const mixed = pool.turns.map((turn, i) => {
    if (!question || !turn.vector || plain[i] === null) return null;
    let product = plain[i]!;
    const sum = Float64Array.from(turn.vector);
    for (const [offset, share] of MIX) {
      const at = pool.neighbour(i, offset);
      const vector = at < 0 ? null : pool.turns[at]!.vector;
      if (!vector || vector.length !== sum.length) continue;
      product += share * plain[at]!;
      for (let d = 0; d < sum.length; d += 1) sum[d]! += share * vector[d]!;
    }
    let squares = 0;
    for (let d = 0; d < sum.length; d += 1) squares += sum[d]! * sum[d]!;
    return squares === 0 ? 0 : product / Math.sqrt(squares);
  });
  return { plain, mixed };
}

function dot(a: Float32Array | null, b: Float32Array | null): number | null {
  if (!a || !b || a.length !== b.length) return null;
  let sum = 0;
  for (let d = 0; d < a.length; d += 1) sum += a[d]! * b[d]!;
  return sum;
}
