import { isSilent, type EmotionalSignature } from '../../domain/memory';
import type { ExampleVectors } from '../example-vectors';
import { EXAMPLES, type Example } from '../examples/examples';
import { learnOnce } from '../learn-once';
import { softmax } from '../local-persona-classifier';
import type { Said } from '../persona-classifier';
import { fitRidge, type LinearScores } from '../ridge';
import type { AffectModel } from './affect-model';
import { WITH_VECTORS, WORDS_ALONE } from './affect-weights-fitted';
import { appraise } from './appraisals';
import { nameEmotion } from './emotions';
import { feelingWords } from './feeling-words';

export const AFFECT_RIDGE = 2;
/** So that the examples that feel something, fewer than the others, count a little less than alike. */
export const FEELING_WEIGHT = 1.75;
const MOST_EVENTS = 2;
/** How much of the intensity is how good or bad it is; the rest is how stirred. */
const INTENSITY_OF_VALENCE = 0.7;
const DECIMALS = 1_000;

/** Examples that say how they feel. */
export const FEELING_EXAMPLES: readonly Example[] = EXAMPLES.filter(
  (example) => example.valence !== undefined,
);

/**
 * Feeling from VADER's lexicon, from the events that texts tell of, and from example sentences nearby in meaning.
 * Without vectors, from the words alone.
 */
export function createLocalAffectModel(vectors: ExampleVectors, hurried = false): AffectModel {
  const learned = learnOnce(() => fitMeaning(vectors), hurried);
  return {
    async feel(said) {
      const scores = said.some((one) => one.vector) ? await learned() : null;
      return said.map((one) => signatureOf(one.text, valenceOf(one, scores)));
    },
  };
}

async function fitMeaning(vectors: ExampleVectors): Promise<LinearScores | null> {
  const known = await vectors.of(FEELING_EXAMPLES.map((example) => example.text));
  return known && fitAffectRidge(known, FEELING_EXAMPLES);
}

/** Two scores: good, bad. */
export function fitAffectRidge(vectors: readonly Float32Array[], examples: readonly Example[]): LinearScores {
  return fitRidge(
    vectors,
    examples.map(({ valence }) => [valence === 1 ? 1 : 0, valence === -1 ? 1 : 0]),
    examples.map(({ valence }) => (valence === 0 ? 1 : FEELING_WEIGHT)),
    AFFECT_RIDGE,
  );
}

/** What the logits are made of; see affect-weights-fitted. */
export function affectFeatures(text: string, byMeaning: readonly number[] | null): number[] {
  const words = feelingWords(text);
  const events = appraise(text);
  return [
    byMeaning?.[0] ?? 0,
    byMeaning?.[1] ?? 0,
    Math.max(0, words),
    Math.max(0, -words),
    Math.min(MOST_EVENTS, events.good),
    Math.min(MOST_EVENTS, events.bad),
    1,
  ];
}

/** −1 … 1: how much more probably good than bad. */
function valenceOf(said: Said, scores: LinearScores | null): number {
  const byMeaning = said.vector && scores ? scores(said.vector) : null;
  const weights = byMeaning ? WITH_VECTORS : WORDS_ALONE;
  const features = affectFeatures(said.text, byMeaning);
  const logit = (of: readonly number[]): number =>
    of.reduce((sum, weight, i) => sum + weight * features[i]!, 0);
  const [good, bad] = softmax([logit(weights.good), logit(weights.bad), 0]);
  return good! - bad!;
}

function signatureOf(text: string, valence: number): EmotionalSignature | null {
  // As it will be read. Most texts are silent, and naming costs a look at every word.
  if (isSilent(rounded(valence))) return null;
  const { emotion, arousal } = nameEmotion(text, valence);
  const intensity = INTENSITY_OF_VALENCE * Math.abs(valence) + (1 - INTENSITY_OF_VALENCE) * arousal;
  return { valence: rounded(valence), arousal: rounded(arousal), emotion, intensity: rounded(intensity) };
}

function rounded(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
