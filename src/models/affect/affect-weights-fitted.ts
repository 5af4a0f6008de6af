/**
 * Logits of good and of bad against neither, fitted by `npm run eval:fit-examples` on the examples that ship, each
 * left out of what judges it. In order: the two scores of the examples' regression, VADER's score above 0 and below 0,
 * good and bad events, the constant.
 */
export const WITH_VECTORS = {
  good: [7.5, 4.51, 2.66, 0.61, 2.16, -2.5, -4.33],
  bad: [4.17, 7.32, 1.22, 2.52, -0.66, 2.94, -4.55],
} as const;
export const WORDS_ALONE = {
  good: [0, 0, 3.53, 0.21, 2.58, -1.62, -1.28],
  bad: [0, 0, 0.68, 4.48, -0.3, 4.24, -1.71],
} as const;
