/** A linear function of a vector for each of several classes. */
export type LinearScores = (vector: ArrayLike<number>) => number[];

/** What the constant term weighs beside the vector's dimensions. */
const BIAS = Math.sqrt(0.1);

/**
 * Ridge regression of several targets on unit vectors, solved exactly, so that the same examples always give the same
 * function.
 * @param vectors one an example, all of one length
 * @param targets one row an example, one value a class
 * @param weights how much each example counts
 */
export function fitRidge(
  vectors: readonly ArrayLike<number>[],
  targets: readonly (readonly number[])[],
  weights: readonly number[],
  ridge: number,
): LinearScores {
  const rows = vectors.map((vector) => Float64Array.from([...Array.from(vector), BIAS]));
  const size = rows[0]?.length ?? 0;
  const classes = targets[0]?.length ?? 0;
  const coefficients =
    size <= rows.length
      ? primal(rows, targets, weights, ridge, size, classes)
      : dual(rows, targets, weights, ridge, size, classes);
  return (vector) =>
    coefficients.map((of) => {
      let score = of[size - 1]! * BIAS;
      for (let i = 0; i < size - 1; i++) score += of[i]! * vector[i]!;
      return score;
    });
}

/** Fewer dimensions than examples: (XᵀWX + λ)⁻¹ XᵀWy. */
function primal(
  rows: readonly Float64Array[],
  targets: readonly (readonly number[])[],
  weights: readonly number[],
  ridge: number,
  size: number,
  classes: number,
): Float64Array[] {
  const gram = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = ridge;
    return row;
  });
  const moments = Array.from({ length: classes }, () => new Float64Array(size));
  rows.forEach((row, n) => {
    const weight = weights[n]!;
    for (let i = 0; i < size; i++) {
      const scaled = weight * row[i]!;
      const into = gram[i]!;
      for (let j = 0; j <= i; j++) into[j]! += scaled * row[j]!;
      for (let c = 0; c < classes; c++) moments[c]![i]! += scaled * targets[n]![c]!;
    }
  });
  const lower = cholesky(gram);
  return moments.map((moment) => solve(lower, moment));
}

/** More dimensions than examples: Xᵀ (XXᵀ + λW⁻¹)⁻¹ y. */
function dual(
  rows: readonly Float64Array[],
  targets: readonly (readonly number[])[],
  weights: readonly number[],
  ridge: number,
  size: number,
  classes: number,
): Float64Array[] {
  const gram = rows.map((row, i) => {
    const into = new Float64Array(rows.length);
    for (let j = 0; j <= i; j++) into[j] = dot(row, rows[j]!);
    into[i]! += ridge / weights[i]!;
    return into;
  });
  const lower = cholesky(gram);
  return Array.from({ length: classes }, (_, c) => {
    const alphas = solve(
      lower,
      Float64Array.from(targets, (target) => target[c]!),
    );
    const sum = new Float64Array(size);
    rows.forEach((row, n) => {
      for (let i = 0; i < size; i++) sum[i]! += alphas[n]! * row[i]!;
    });
    return sum;
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The lower triangle L of a positive definite A = LLᵀ, of which the lower triangle is given; in place. */
function cholesky(matrix: Float64Array[]): Float64Array[] {
  for (let i = 0; i < matrix.length; i++) {
    const row = matrix[i]!;
    for (let j = 0; j <= i; j++) {
      const other = matrix[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
    }
  }
  return matrix;
}

function solve(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i]! -= lower[k]![i]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  return x;
}
