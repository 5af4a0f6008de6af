import { nameWords } from '../terms';
import { contextualBm25 } from './contextual-bm25';
import { nearness } from './dates';
import { smoothIdf, type BackgroundShare } from './idf';
import { cosinesOf } from './mixed-vectors';
import { postingsOf, type Pool, type PoolTurn, type Postings } from './pool';
import type { Question } from './question';

/** The weights of the features; measured on conversations, not to be tuned one by one. */
export interface FuseWeights {
  words: number;
  /** Of the neighbours' words within a turn's. */
  wordContext: number;
  cosine: number;
  /** Of the neighbours' vectors within a turn's. */
  vectorContext: number;
  speaker: number;
  date: number;
  when: number;
  session: number;
  questionFactor: number;
  lengthGain: number;
}

/** The gate also has to weigh the words that match against those that do not, in a store of one memory too. */
const GATE_BACKGROUND_TURNS = 500;

export const FUSE_WEIGHTS: FuseWeights = {
  words: 1,
  wordContext: 1,
  cosine: 1,
  vectorContext: 1,
  speaker: 0.3,
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

/** Scores every turn of the pool: scaled sums of words, meaning, session and dates, times speaker and form. */
export function scorePool<T extends PoolTurn>(
  pool: Pool<T>,
  question: Question,
  background: BackgroundShare,
  weights: FuseWeights = FUSE_WEIGHTS,
): ScoredPool<T> {
  const postings = postingsOf(pool, question.terms);
  const frequencyOf = (term: string): number => postings.get(term)?.places.length ?? 0;
  const idf = smoothIdf(question.terms, pool.turns.length, frequencyOf, background);
  const bm25 = scaledToBest(contextualBm25(pool, postings, idf, weights.wordContext));
  const cosines = cosinesOf(pool, question.vector, weights.vectorContext);
  const meaning = minMax(cosines.mixed);
  const session = scaledToBest(sessionScores(pool, postings, idf));
  const averageLength =
    pool.features.reduce((sum, features) => sum + features.length, 0) / Math.max(1, pool.turns.length) || 1;

  const speakers = new Map<string | null, 0 | 1>();
  const spokenBy = (name: string | null): 0 | 1 => {
    let known = speakers.get(name);
    if (known === undefined) speakers.set(name, (known = speaks({ name }, question)));
    return known;
  };

  const scores = pool.turns.map((turn, i): TurnScore => {
    const features = pool.features[i]!;
    const words = weights.words * bm25[i]! + weights.session * session[i]!;
    const dates =
      weights.date * nearness(turn.saidAt, question.dates) +
      (question.asksWhen && features.tellsTime ? weights.when : 0);
    const sum = words + weights.cosine * meaning[i]! + dates;
    const factor =
      (1 + weights.speaker * spokenBy(turn.name)) *
      (features.asks ? weights.questionFactor : 1) *
      (1 + weights.lengthGain * Math.log(Math.max(1, features.length) / averageLength));
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

/** 1 when the question names one participant and the turn is theirs. */
export function speaks(turn: Pick<PoolTurn, 'name'>, question: Pick<Question, 'mentioned'>): 0 | 1 {
  if (question.mentioned.size === 0 || turn.name === null) return 0;
  const own = nameWords([turn.name]);
  return [...question.mentioned].every((word) => own.has(word)) ? 1 : 0;
}

/** How much a turn's whole conversation speaks of the question: idf-weighted, with diminishing returns. */
function sessionScores(
  pool: Pool,
  postings: ReadonlyMap<string, Postings>,
  idf: ReadonlyMap<string, number>,
): Float64Array {
  const totals = new Map<string, number>();
  for (const [term, { places, counts }] of postings) {
    const weight = idf.get(term)!;
    const frequencies = new Map<string, number>();
    places.forEach((place, k) => {
      const { conversationId } = pool.turns[place]!;
      if (conversationId === null) return;
      frequencies.set(conversationId, (frequencies.get(conversationId) ?? 0) + counts[k]!);
    });
    for (const [conversationId, frequency] of frequencies) {
      const gain = (weight * frequency) / (frequency + 1);
      totals.set(conversationId, (totals.get(conversationId) ?? 0) + gain);
    }
  }
  return Float64Array.from(pool.turns, (turn) =>
    turn.conversationId === null ? 0 : (totals.get(turn.conversationId) ?? 0),
  );
}

function scaledToBest(scores: Float64Array): Float64Array {
  let best = 0;
  for (const score of scores) best = Math.max(best, score);
  return best === 0 ? scores : scores.map((score) => score / best);
}

function minMax(values: readonly (number | null)[]): number[] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  // A single turn has nothing to be compared with: its cosine speaks for itself.
  if (!(most > least)) return values.map((value) => Math.max(0, value ?? 0));
  return values.map((value) => (value === null ? 0 : (value - least) / (most - least)));
}
