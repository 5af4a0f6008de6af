import type { ExampleVectors } from './example-vectors';
import { CLASSIFIED_PERSONAS, EXAMPLES, type Example } from './examples/examples';
import { learnOnce } from './learn-once';
import type { PersonaClassifier, PersonaReading, Said } from './persona-classifier';
import { WORDS_ALONE, WORDS_AND_VECTORS } from './persona-weights-fitted';
import { countPersonaWords, type WordScores } from './persona-words';
import { fitRidge, type LinearScores } from './ridge';

/** Chosen among 0.1 … 2 by leaving examples out: the curve is flat. */
export const PERSONA_RIDGE = 1;

/** A persona that configuration adds. */
export interface PersonaExamples {
  persona: string;
  examples: readonly string[];
}

/**
 * Personas by example sentences: a ridge regression on their vectors and a count of their words, mixed by three
 * fitted weights (`npm run eval:fit-personas`) whose softmax is the confidence. Without vectors, words alone.
 */
export function createLocalPersonaClassifier(
  vectors: ExampleVectors,
  options: { added?: readonly PersonaExamples[]; hurried?: boolean } = {},
): PersonaClassifier {
  const added = options.added ?? [];
  const personas = [...new Set([...CLASSIFIED_PERSONAS, ...added.map((one) => one.persona)])];
  const examples = [
    ...EXAMPLES.filter((example) => example.persona !== undefined),
    ...added.flatMap(({ persona, examples }) => examples.map((text): Example => ({ text, persona }))),
  ];
  const classes: (string | null)[] = [...personas, null];
  const words = countPersonaWords(examples, classes);
  const learned = learnOnce(() => fitMeaning(vectors, examples, classes), options.hurried ?? false);
  return {
    personas,
    async classify(said) {
      const scores = said.some((one) => one.vector) ? await learned() : null;
      return said.map((one) => read(one, classes, words, scores));
    },
  };
}

/** A function from vectors to scores, one a class; null without vectors. */
async function fitMeaning(
  vectors: ExampleVectors,
  examples: readonly Example[],
  classes: readonly (string | null)[],
): Promise<LinearScores | null> {
  const known = await vectors.of(examples.map((example) => example.text));
  return known && fitPersonaRidge(known, examples, classes);
}

/** Each class counts alike, however many examples it has: a persona of ten examples beside those of eighty. */
export function fitPersonaRidge(
  vectors: readonly Float32Array[],
  examples: readonly Example[],
  classes: readonly (string | null)[],
): LinearScores {
  const sizes = new Map<string | null | undefined, number>();
  for (const { persona } of examples) sizes.set(persona, (sizes.get(persona) ?? 0) + 1);
  const mean = examples.length / sizes.size;
  return fitRidge(
    vectors,
    examples.map(({ persona }) => classes.map((one) => (one === persona ? 1 : -1 / (classes.length - 1)))),
    examples.map(({ persona }) => Math.sqrt(mean / sizes.get(persona)!)),
    PERSONA_RIDGE,
  );
}

function read(
  said: Said,
  classes: readonly (string | null)[],
  words: WordScores,
  meaning: LinearScores | null,
): PersonaReading {
  const byWords = words(said.text);
  const byMeaning = said.vector && meaning ? meaning(said.vector) : null;
  const probabilities = mixPersonaScores(byWords, byMeaning);
  const scores = new Map<string, number>();
  classes.forEach((persona, i) => persona !== null && scores.set(persona, probabilities[i]!));
  return { scores, none: probabilities[classes.indexOf(null)]! };
}

/** Probabilities by class. */
export function mixPersonaScores(byWords: readonly number[], byMeaning: readonly number[] | null): number[] {
  const logits = byMeaning
    ? byWords.map((word, i) => WORDS_AND_VECTORS.words * word + WORDS_AND_VECTORS.meaning * byMeaning[i]!)
    : byWords.map((word) => WORDS_ALONE.words * word);
  return softmax(logits);
}

/** exp(x) over its sum. */
export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
