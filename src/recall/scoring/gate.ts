import type { Question } from './question';
import type { ScoredPool } from './fuse';
import { phrasesHeld } from './phrases';
import type { PoolTurn } from './pool';

/** Beyond this many, further content terms say nothing more about whether a question is one. */
const MAX_CONTENT_TERMS = 8;
/** Beyond this many, a turn's further phrases, or a question's further unknown terms, add nothing. */
const MAX_PHRASES = 3;
const MAX_UNKNOWN_TERMS = 3;
/** Where the logistic's decision lies on the contract's scale: `min_similarity` by default. */
const THRESHOLD = 0.55;
const THRESHOLD_LOGIT = Math.log(THRESHOLD / (1 - THRESHOLD));

/** What one turn says for "this answers the question". */
export interface TurnEvidence {
  /** The share of the question's idf that the turn matches, 0..1. */
  share: number;
  /** The matched idf itself. */
  matched: number;
  /** Which of the question's terms it holds. */
  terms: readonly string[];
  /** How many pairs of the question's neighbouring terms it holds as such. */
  phrases: number;
  /** Question against the turn alone; null without vectors. */
  cosine: number | null;
}

/** What the question itself says. */
export interface QuestionEvidence {
  contentTerms: number;
  /** The terms that were searched for. */
  terms: readonly string[];
  /** It names somebody who takes part in the user's conversations. */
  namesParticipant: boolean;
  /** Those of its terms that are written like a name. */
  properTerms: readonly string[];
  /** Made of greetings, thanks and the like alone. */
  phatic: boolean;
}

/** A logistic of a handful of features; `npm run eval:fit-gate` fits them. */
export interface GateWeights {
  cosine: number;
  share: number;
  logMatched: number;
  logContentTerms: number;
  namesParticipant: number;
  /** It names somebody or something that none of the turns speaks of. */
  namesUnknown: number;
  /** How many of its terms none of the turns holds. */
  unknownTerms: number;
  /** How many of its neighbouring terms are neighbours in one turn too. */
  phrases: number;
  /** The more memories, the better the best of them looks by chance. */
  logMemories: number;
  bias: number;
}

export const GATE_WEIGHTS: { withVectors: GateWeights; lexical: GateWeights } = {
  withVectors: {
    cosine: 10.87,
    share: 3.23,
    logMatched: 0.32,
    logContentTerms: 0.39,
    namesParticipant: 2.45,
    namesUnknown: -1.53,
    unknownTerms: -0.45,
    phrases: 0.78,
    logMemories: -1.01,
    bias: -2.08,
  },
  lexical: {
    cosine: 0,
    share: 4.41,
    logMatched: 0.7,
    logContentTerms: 0.33,
    namesParticipant: 2.44,
    namesUnknown: -1.48,
    unknownTerms: -0.61,
    phrases: 1.14,
    logMemories: -0.81,
    bias: 0.14,
  },
};

/** The features of the gate, the best over the turns. */
export function gateFeatures(
  question: QuestionEvidence,
  turns: readonly TurnEvidence[],
  memoryCount: number,
): Record<Exclude<keyof GateWeights, 'bias'>, number> {
  const best = (of: (turn: TurnEvidence) => number): number =>
    turns.reduce((most, turn) => Math.max(most, of(turn)), 0);
  const known = new Set(turns.flatMap((turn) => turn.terms));
  return {
    cosine: best((turn) => turn.cosine ?? 0),
    share: best((turn) => turn.share),
    logMatched: Math.log(1 + best((turn) => turn.matched)),
    logContentTerms: Math.log(1 + Math.min(MAX_CONTENT_TERMS, question.contentTerms)),
    namesParticipant: question.namesParticipant ? 1 : 0,
    namesUnknown: question.properTerms.some((term) => !known.has(term)) ? 1 : 0,
    unknownTerms: Math.min(MAX_UNKNOWN_TERMS, question.terms.filter((term) => !known.has(term)).length),
    phrases: Math.min(
      MAX_PHRASES,
      best((turn) => turn.phrases),
    ),
    logMemories: Math.log(1 + memoryCount),
  };
}

/**
 * How likely it is, on the contract's scale, that any of these turns answers the question: .55 is where it becomes
 * more likely than not. Fused scores cannot say so, since their best is near 1 whatever the question.
 * @param memoryCount how many memories were searched
 */
export function gate(
  question: QuestionEvidence,
  turns: readonly TurnEvidence[],
  memoryCount: number,
): number {
  if (question.phatic || turns.length === 0) return 0;
  const weights = turns.some((turn) => turn.cosine !== null)
    ? GATE_WEIGHTS.withVectors
    : GATE_WEIGHTS.lexical;
  const features = gateFeatures(question, turns, memoryCount);
  let logit = weights.bias + THRESHOLD_LOGIT;
  for (const key of Object.keys(features) as (keyof typeof features)[]) logit += weights[key] * features[key];
  return 1 / (1 + Math.exp(-logit));
}

/** The relevance of a turn: what the gate says, less the farther it is from the best. Keeps the order. */
export function relevanceOf(gated: number, pooled: number, best: number): number {
  return best > 0 ? gated * (pooled / best) ** 2 : 0;
}

const NO_EVIDENCE: TurnEvidence = { share: 0, matched: 0, terms: [], phrases: 0, cosine: null };

/** The evidence of each turn of a scored pool that may answer. */
export function evidenceOf<T extends PoolTurn>(scored: ScoredPool<T>, question: Question): TurnEvidence[] {
  const { pool, postings, gateIdf, plainCosines } = scored;
  const matched = new Float64Array(pool.turns.length);
  const held = new Map<number, string[]>();
  let total = 0;
  for (const term of question.terms) {
    const idf = gateIdf.get(term) ?? 0;
    total += idf;
    const counted = idf * (question.termWeights?.get(term) ?? 1);
    const holds = (place: number): void => {
      if (pool.mayAnswer[place] === 0) return;
      matched[place]! += counted;
      const terms = held.get(place);
      if (terms) terms.push(term);
      else held.set(place, [term]);
    };
    postings.get(term)?.places.forEach(holds);
    if (!pool.dates.has(term)) continue;
    pool.features.forEach((features, i) => {
      if (features.dates.includes(term) && !features.counts.has(term)) holds(i);
    });
  }
  return plainCosines.map((cosine, i) => {
    if (pool.mayAnswer[i] === 0) return NO_EVIDENCE;
    const terms = held.get(i) ?? [];
    return {
      matched: matched[i]!,
      share: total > 0 ? matched[i]! / total : 0,
      terms,
      phrases: terms.length > 1 ? phrasesHeld(question.phrases, pool.features[i]!.terms) : 0,
      cosine,
    };
  });
}
