/** The usual English stop words: what is left of a text are its content words, names among them. */
const STOP_WORDS = new Set(
  `i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it
  its itself they them their theirs themselves what which who whom this that these those am is are was were be been
  being have has had having do does did doing a an the and but if or because as until while of at by for with about
  against between into through during before after above below to from up down in out on off over under again further
  then once here there when where why how all any both each few more most other some such no nor not only own same so
  than too very s t can will just don should now`.split(/\s+/),
);
const LEAST_STEMMED_CHARS = 5;

/** The content words of a text in order, lightly stemmed. */
export function contentWords(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9']+/g) ?? [])
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => (word.length < LEAST_STEMMED_CHARS ? word : word.replace(/(?:ing|ed|es|s|ly)$/, '')));
}

/** The share of the reference's distinct content words that a summary, cut to the reference's length, has: 0..1. */
export function contentRecall(summary: string, reference: string): number {
  const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
  const cut = words(summary).slice(0, words(reference).length).join(' ');
  const said = new Set(contentWords(cut));
  const wanted = [...new Set(contentWords(reference))];
  return wanted.filter((word) => said.has(word)).length / (wanted.length || 1);
}

/** A simple summary to be better than: sentences by the frequency of their new content words per word. */
export function greedyCover(texts: readonly string[], maxWords: number): string {
  const sentences = texts
    .flatMap((text) => text.split(/(?<=[.!?])\s+/))
    .map((text) => ({ text, terms: [...new Set(contentWords(text))], words: text.split(/\s+/).length }));
  const frequency = new Map<string, number>();
  for (const { terms } of sentences)
    for (const term of terms) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  const said = new Set<string>();
  const chosen: string[] = [];
  for (let left = maxWords; left > 0;) {
    const gains = sentences.map(
      ({ terms, words }) =>
        terms.reduce((sum, term) => sum + (said.has(term) ? 0 : frequency.get(term)!), 0) / words,
    );
    const best = gains.indexOf(Math.max(...gains));
    const sentence = sentences[best];
    if (!sentence || gains[best] === 0) break;
    chosen.push(sentence.text);
    left -= sentence.words;
    for (const term of sentence.terms) said.add(term);
  }
  return chosen.join(' ');
}
