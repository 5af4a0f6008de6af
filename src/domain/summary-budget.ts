/** A summary never has more words, its frame included. */
export const EPISODE_SUMMARY_MAX_WORDS = 240;
export const ARC_SUMMARY_MAX_WORDS = 400;

/** Of a short talk a summary is shorter than the talk. */
const SHARE_OF_TALK = 0.6;
const LEAST_WORDS = 40;

/** How many words the summary of a talk of so many words may have. */
export function episodeBudgetWords(words: number): number {
  return Math.min(EPISODE_SUMMARY_MAX_WORDS, Math.max(LEAST_WORDS, Math.floor(words * SHARE_OF_TALK)));
}
