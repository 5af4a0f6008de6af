/** Ids a text is cut to, [CLS] and [SEP] included: what the model was trained on. */
export const MAX_TOKENS_PER_TEXT = 256;
/** A batch is what a query may have to wait for, so it is kept small; larger ones are no faster on a CPU. */
export const MAX_TEXTS_PER_BATCH = 8;
export const MAX_TOKENS_PER_BATCH = 512;
/** Texts this near in length go together whatever their length. */
const ALIKE_TOKENS = 16;
/** How far ahead texts of like length are looked for. */
const SORT_WINDOW_TEXTS = 256;

const ASCII_CHARS_PER_TOKEN = 4;

/**
 * About how many ids a text will have. Scripts other than Latin are cut almost into characters.
 */
export function estimateTokens(text: string): number {
  const enough = MAX_TOKENS_PER_TEXT * ASCII_CHARS_PER_TOKEN;
  let tokens = 2;
  for (let i = 0; i < text.length && i < enough; i++) {
    tokens += text.charCodeAt(i) < 128 ? 1 / ASCII_CHARS_PER_TOKEN : 1;
  }
  return Math.min(MAX_TOKENS_PER_TEXT, Math.ceil(tokens));
}

/**
 * Chooses the next batch from waiting texts, given their lengths in tokens, oldest first: the oldest, which is
 * always taken, with those nearest to it in length, as a batch costs its longest text times its number.
 * Returns positions in `lengths`.
 */
export function chooseBatch(lengths: readonly number[]): number[] {
  if (lengths.length === 0) return [];
  const window = [...lengths.slice(0, SORT_WINDOW_TEXTS).keys()].sort(
    (a, b) => lengths[a]! - lengths[b]! || a - b,
  );
  let from = window.indexOf(0);
  let to = from + 1;
  const fits = (shortest: number, longest: number): boolean => {
    const count = to - from + 1;
    return (
      count <= MAX_TEXTS_PER_BATCH && longest * count <= MAX_TOKENS_PER_BATCH && areAlike(shortest, longest)
    );
  };
  const lengthAt = (place: number): number => lengths[window[place]!]!;
  for (;;) {
    const shortest = lengthAt(from);
    const longest = lengthAt(to - 1);
    const shorter = from > 0 && fits(lengthAt(from - 1), longest) ? longest - lengthAt(from - 1) : Infinity;
    const longer = to < window.length && fits(shortest, lengthAt(to)) ? lengthAt(to) - longest : Infinity;
    if (shorter === Infinity && longer === Infinity) return window.slice(from, to);
    if (longer <= shorter) to++;
    else from--;
  }
}

/** Padding a text to more than twice its length costs more than a batch of its own. */
function areAlike(shortest: number, longest: number): boolean {
  return longest - shortest <= ALIKE_TOKENS || longest <= 2 * shortest;
}
