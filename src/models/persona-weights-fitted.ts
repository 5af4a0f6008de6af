/** Fitted by `npm run eval:fit-personas` on the examples that ship, each left out of what judges it. */
export const WORDS_AND_VECTORS = { words: 0.5, meaning: 9 } as const;
export const WORDS_ALONE = { words: 1.05 } as const;
