import { softmax } from '../../src/models/local-persona-classifier';

const STEPS = 6_000;
const RATE = 0.005;
const RIDGE = 0.3;

/**
 * Weights of a softmax regression, the last class being the one without any; a small ridge on all but the constant,
 * which comes last. By gradient descent: few features, hundreds of cases.
 */
export function fitSoftmax(
  cases: readonly { features: readonly number[]; label: number; weight: number }[],
  classes: number,
): number[][] {
  const size = cases[0]?.features.length ?? 0;
  const weights = Array.from({ length: classes - 1 }, () => new Array<number>(size).fill(0));
  for (let step = 0; step < STEPS; step += 1) {
    const gradients = weights.map((of) => of.map((weight, i) => (i === size - 1 ? 0 : -RIDGE * weight)));
    for (const { features, label, weight } of cases) {
      const logits = weights.map((of) => of.reduce((sum, w, i) => sum + w * features[i]!, 0));
      const chances = softmax([...logits, 0]);
      gradients.forEach((gradient, c) => {
        const error = weight * ((label === c ? 1 : 0) - chances[c]!);
        features.forEach((feature, i) => (gradient[i]! += error * feature));
      });
    }
    weights.forEach((of, c) => of.forEach((_, i) => (of[i]! += RATE * gradients[c]![i]!)));
  }
  return weights;
}
