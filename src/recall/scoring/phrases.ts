/** Two terms that stand side by side in a question. */
export type Phrase = readonly [first: string, second: string];

/** In a turn one more term may stand between them. */
const MAX_DISTANCE = 2;

/** The distinct pairs of neighbouring terms of a question. */
export function phrasesOf(terms: readonly string[]): Phrase[] {
  const found = new Map<string, Phrase>();
  terms.slice(1).forEach((second, i) => {
    const first = terms[i]!;
    if (first !== second) found.set(`${first} ${second}`, [first, second]);
  });
  return [...found.values()];
}

/** How many of the phrases a turn's terms hold, in their order. */
export function phrasesHeld(phrases: readonly Phrase[], terms: readonly string[]): number {
  const holds = ([first, second]: Phrase): boolean => {
    for (let at = terms.indexOf(first); at >= 0; at = terms.indexOf(first, at + 1)) {
      if (terms.slice(at + 1, at + 1 + MAX_DISTANCE).includes(second)) return true;
    }
    return false;
  };
  return phrases.filter(holds).length;
}
