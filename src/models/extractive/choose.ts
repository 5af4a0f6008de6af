/** What a summary may be made of. */
export interface Candidate {
  text: string;
  /** Prepared terms, repeats allowed. */
  terms: readonly string[];
  words: number;
  /** Below 1: said in a way that serves a summary less (a question, a quotation). */
  worth: number;
  /** Place in what is summarized. */
  place: number;
}

/** What is everyday talk, and how words are prepared: given by the caller, so that summaries and recall agree. */
export interface Vocabulary {
  termsOf(text: string): readonly string[];
  /** The share of everyday turns that hold a term, 0..1. */
  share(term: string): number;
}

export interface ChooseOptions {
  budgetWords: number;
  share: Vocabulary['share'];
  /** Terms that are said already (by the frame). */
  covered?: Iterable<string>;
}

/** A term said in many sentences matters more, but less than in proportion. */
const REPEATS_POWER = 0.6;
/** A term that everyday talk is full of matters less. */
const EVERYDAY_POWER = 0.2;
const LEAST_SHARE = 1e-3;
/** Below 1, so that of two equally dense sentences the longer goes first. */
const LENGTH_POWER = 0.9;
/** Shorter ones get no credit for it: fragments tell little. */
const LEAST_WORDS = 6;
/** Less of a sentence's terms being new makes it a repetition. */
const LEAST_NEW = 0.34;
/** Chosen sentences are put into the order of their time within blocks of this many words, the best block first. */
const BLOCK_WORDS = 60;

/**
 * Greedy cover: sentence by sentence the one that adds most weight of terms not yet said per word, until the budget is
 * full or nothing new is left. What repeats what is chosen adds nothing and stays out.
 * @returns blocks in order, the best first, each in the order of time
 */
export function choose<C extends Candidate>(
  candidates: readonly C[],
  { budgetWords, share, covered }: ChooseOptions,
): C[][] {
  const repeats = new Map<string, number>();
  const open = candidates.map((candidate) => ({
    candidate,
    terms: [...new Set(candidate.terms)],
    length: Math.max(LEAST_WORDS, candidate.words) ** LENGTH_POWER,
  }));
  for (const { terms } of open) for (const term of terms) repeats.set(term, (repeats.get(term) ?? 0) + 1);
  const weights = new Map(
    [...repeats].map(([term, times]) => [
      term,
      times ** REPEATS_POWER * (share(term) + LEAST_SHARE) ** -EVERYDAY_POWER,
    ]),
  );
  const said = new Set(covered);
  const chosen: C[] = [];
  let left = budgetWords;
  for (;;) {
    let best = -1;
    let most = 0;
    open.forEach(({ candidate, terms, length }, i) => {
      if (candidate.words > left) return;
      const unsaid = terms.filter((term) => !said.has(term));
      if (unsaid.length < terms.length * LEAST_NEW) return;
      const gain = unsaid.reduce((sum, term) => sum + weights.get(term)!, 0);
      const value = (candidate.worth * gain) / length;
      if (value > most) [best, most] = [i, value];
    });
    if (best === -1) break;
    const [{ candidate, terms } = open[0]!] = open.splice(best, 1);
    chosen.push(candidate);
    left -= candidate.words;
    for (const term of terms) said.add(term);
  }
  return inBlocks(chosen);
}

function inBlocks<C extends Candidate>(chosen: readonly C[]): C[][] {
  const blocks: C[][] = [];
  let words = Infinity;
  for (const candidate of chosen) {
    if (words + candidate.words > BLOCK_WORDS) {
      blocks.push([]);
      words = 0;
    }
    blocks.at(-1)!.push(candidate);
    words += candidate.words;
  }
  for (const block of blocks) block.sort((a, b) => a.place - b.place);
  return blocks;
}
