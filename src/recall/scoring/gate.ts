import type { Question } from './question';
import type { ScoredPool } from './fuse';
import type { PoolTurn } from './pool';

/** Beyond this many, further content terms say nothing more about whether a question is one. */
const MAX_CONTENT_TERMS = 8;
/** Where the logistic's decision lies on the contract's scale: `min_similarity` by default. */
const THRESHOLD = 0.55;
const THRESHOLD_LOGIT = Math.log(THRESHOLD / (1 - THRESHOLD));

/** What one turn says for "this answers the question". */
export interface TurnEvidence {
  /** The share of the question's idf that the turn matches, 0..1. */
  share: number;
  /** The matched idf itself. */
  matched: number;
  /** Question against the turn alone; null without vectors. */
  cosine: number | null;
}

/** What the question itself says. */
export interface QuestionEvidence {
  contentTerms: number;
  /** It names somebody who takes part in the user's conversations. */
  namesParticipant: boolean;
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
  /** The more memories, the better the best of them looks by chance. */
  logMemories: number;
  bias: number;
}

export const GATE_WEIGHTS: { withVectors: GateWeights; lexical: GateWeights } = {
  withVectors: {
    cosine: 12.21,
    share: 4.36,
    logMatched: 0.4,
    logContentTerms: -0.31,
    namesParticipant: 2.66,
    logMemories: -0.95,
    bias: -2.98,
  },
  lexical: {
    cosine: 0,
    share: 5.72,
    logMatched: 0.79,
    logContentTerms: -0.36,
    namesParticipant: 2.61,
    logMemories: -0.64,
    bias: -2,
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
  return {
    cosine: best((turn) => turn.cosine ?? 0),
    share: best((turn) => turn.share),
    logMatched: Math.log(1 + best((turn) => turn.matched)),
    logContentTerms: Math.log(1 + Math.min(MAX_CONTENT_TERMS, question.contentTerms)),
    namesParticipant: question.namesParticipant ? 1 : 0,
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

/** The evidence of each turn of a scored pool. */
export function evidenceOf<T extends PoolTurn>(scored: ScoredPool<T>, question: Question): TurnEvidence[] {
  const { pool, postings, gateIdf, plainCosines } = scored;
  const matched = new Float64Array(pool.turns.length);
  let total = 0;
  for (const term of question.terms) {
    const idf = gateIdf.get(term) ?? 0;
    total += idf;
    for (const place of postings.get(term)?.places ?? []) matched[place]! += idf;
    if (!pool.dates.has(term)) continue;
    pool.features.forEach((features, i) => {
      if (features.dates.includes(term) && !features.counts.has(term)) matched[i]! += idf;
    });
  }
  return plainCosines.map((cosine, i) => ({
    matched: matched[i]!,
    share: total > 0 ? matched[i]! / total : 0,
    cosine,
  }));
}
