import { countTokens as count } from 'gpt-tokenizer/encoding/cl100k_base';

/** Byte-pair merging takes time by the square of an unbroken run: longer ones are counted in pieces. */
const MAX_RUN_CHARS = 256;
const LONG_RUN = new RegExp(
  `[\\p{L}\\p{M}]{${MAX_RUN_CHARS}}|[^\\s\\p{L}\\p{N}]{${MAX_RUN_CHARS}}|\\s{${MAX_RUN_CHARS}}`,
  'gu',
);
/** What looks like a control token in people's messages is text like any other. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

/**
 * How many tokens a language model reads in this text, in the encoding cl100k_base: the newer o200k_base hardly ever
 * needs more. Runs of hundreds of characters without a break are counted in pieces, which gives a little more.
 */
export function countTokens(text: string): number {
  let tokens = 0;
  let end = 0;
  for (const match of text.matchAll(LONG_RUN)) {
    const next = match.index + match[0].length;
    tokens += count(text.slice(end, next), AS_TEXT);
    end = next;
  }
  return tokens + count(text.slice(end), AS_TEXT);
}
