/** One case for a logistic regression. */
export interface Case {
  features: readonly number[];
  /** 1 or 0. */
  label: number;
  weight: number;
}

const RIDGE = 0.3;
const MAX_STEPS = 60;
const SMALL_STEP = 1e-6;
const LARGEST_LOGIT = 30;

/** Weights of the features, the bias last: weighted logistic regression with a small ridge, by Newton's method. */
export function fitLogistic(cases: readonly Case[]): number[] {
  const size = (cases[0]?.features.length ?? 0) + 1;
  let beta = new Array<number>(size).fill(0);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const gradient = beta.map((b, i) => (i === size - 1 ? 0 : -RIDGE * b));
    const hessian = beta.map((_, i) => beta.map((__, j) => (i === j ? (i === size - 1 ? 1e-6 : RIDGE) : 0)));
    for (const { features, label, weight } of cases) {
      const x = [...features, 1];
      const p = 1 / (1 + Math.exp(-logitOf(beta, features)));
      for (let i = 0; i < size; i += 1) {
        gradient[i]! += weight * (label - p) * x[i]!;
        for (let j = 0; j < size; j += 1) hessian[i]![j]! += weight * p * (1 - p) * x[i]! * x[j]!;
      }
    }
    const change = solve(hessian, gradient);
    beta = beta.map((b, i) => b + change[i]!);
    if (Math.max(...change.map(Math.abs)) < SMALL_STEP) break;
  }
  return beta;
}

/** The logit of a case under such weights. */
export function logitOf(beta: readonly number[], features: readonly number[]): number {
  const logit = features.reduce((sum, x, i) => sum + x * beta[i]!, beta.at(-1)!);
  return Math.max(-LARGEST_LOGIT, Math.min(LARGEST_LOGIT, logit));
}

/** Gaussian elimination with pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < rows.length; column += 1) {
    let pivot = column;
    for (let r = column; r < rows.length; r += 1) {
      if (Math.abs(rows[r]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = r;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let r = 0; r < rows.length; r += 1) {
      if (r === column) continue;
      const factor = rows[r]![column]! / rows[column]![column]!;
      for (let c = column; c <= rows.length; c += 1) rows[r]![c]! -= factor * rows[column]![c]!;
    }
  }
  return rows.map((row, i) => row.at(-1)! / row[i]!);
}
