import { relatedTerms } from '../background/related';
import { contextualBm25 } from './contextual-bm25';
import { nearness } from './dates';
import { lengthFactor, questionFactor, tellsWhen } from './form';
import { smoothIdf, type BackgroundShare } from './idf';
import { cosinesOf } from './mixed-vectors';
import { postingsOf, type Pool, type PoolTurn, type Postings } from './pool';
import type { Question } from './question';
import { withRelatedWords } from './related-words';
import { minMax, scaledToBest } from './scale';
import { sessionScores } from './session';
import { saidBy } from './speaker';

/** The weights of the features; measured on conversations, not to be tuned one by one. */
export interface FuseWeights {
  words: number;
  /** Of the neighbours' words within a turn's. */
  wordContext: number;
  /** Of a related word at most, where a question goes by words alone. */
  relatedWords: number;
  cosine: number;
  /** How many times as much meaning counts where a question asks to infer: the answer's words are not the question's. */
  inferFactor: number;
  /** Of the neighbours' vectors within a turn's. */
  vectorContext: number;
  speaker: number;
  date: number;
  when: number;
  session: number;
  questionFactor: number;
  lengthGain: number;
}

const NO_SCORE: TurnScore = { pooled: 0, keywordShare: 0 };

/** The gate also has to weigh the words that match against those that do not, in a store of one memory too. */
const GATE_BACKGROUND_TURNS = 500;

export const FUSE_WEIGHTS: FuseWeights = {
  words: 1,
  wordContext: 1,
  relatedWords: 0.3,
  cosine: 1,
  inferFactor: 2,
  vectorContext: 1,
  speaker: 0.25,
  date: 0.25,
  when: 0.1,
  session: 0.15,
  questionFactor: 0.9,
  lengthGain: 0.06,
};

/** What is known of one turn after scoring; the gate judges by it whether anything answers at all. */
export interface TurnScore {
  /** The fused score; comparable within one question only. */
  pooled: number;
  /** Its share that comes of words, 0..1. */
  keywordShare: number;
}

export interface ScoredPool<T extends PoolTurn> {
  pool: Pool<T>;
  /** Where the question's terms stand. */
  postings: ReadonlyMap<string, Postings>;
  /** Document frequencies for the gate, where everyday language weighs more. */
  gateIdf: ReadonlyMap<string, number>;
  plainCosines: readonly (number | null)[];
  scores: readonly TurnScore[];
}

/** Scores every turn of the pool that may answer: scaled sums of words, meaning, session and dates, times speaker and form. */
export function scorePool<T extends PoolTurn>(
  pool: Pool<T>,
  question: Question,
  background: BackgroundShare,
  weights: FuseWeights = FUSE_WEIGHTS,
): ScoredPool<T> {
  const postings = postingsOf(pool, question.terms);
  const frequencyOf = (term: string): number => postings.get(term)?.places.length ?? 0;
  const idf = smoothIdf(question.terms, pool.turns.length, frequencyOf, background);
  for (const [term, weight] of question.termWeights ?? []) idf.set(term, weight * idf.get(term)!);
  const meant = question.takesRelatedWords
    ? withRelatedWords(pool, postings, question.terms, relatedTerms, weights.relatedWords)
    : postings;
  const bm25 = scaledToBest(contextualBm25(pool, meant, idf, weights.wordContext));
  const cosines = cosinesOf(pool, question.vector, weights.vectorContext);
  const meaning = minMax(cosines.mixed);
  const session = scaledToBest(sessionScores(pool, meant, idf));
  const averageLength =
    pool.features.reduce((sum, features) => sum + features.terms.length, 0) /
      Math.max(1, pool.turns.length) || 1;
  const theirs = saidBy(question);
  const meaningWeight = weights.cosine * (question.asksToInfer ? weights.inferFactor : 1);

  const scores = pool.turns.map((turn, i): TurnScore => {
    if (pool.mayAnswer[i] === 0) return NO_SCORE;
    const features = pool.features[i]!;
    const words = weights.words * bm25[i]! + weights.session * session[i]!;
    const times =
      weights.date * nearness(turn.saidAt, question.dates) + weights.when * tellsWhen(features, question);
    const sum = words + meaningWeight * meaning[i]! + times;
    const factor =
      (1 + weights.speaker * theirs(turn)) *
      questionFactor(features, weights.questionFactor) *
      lengthFactor(features.terms, averageLength, weights.lengthGain);
    return { pooled: Math.max(0, sum * factor), keywordShare: sum > 0 ? words / sum : 0 };
  });
  const gateIdf = smoothIdf(
    question.terms,
    pool.turns.length,
    frequencyOf,
    background,
    GATE_BACKGROUND_TURNS,
  );
  return { pool, postings, gateIdf, plainCosines: cosines.plain, scores };
}
