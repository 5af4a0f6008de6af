import { seeded } from './random';

/** One turn of an answer, as the measures see it. */
export interface RankedTurn {
  messageId: string;
  content: string;
  score: number;
}

const CHARS_PER_TOKEN = 4;
const TOKENS_AROUND_A_TURN = 3;

/** All turns of an answer's memories in the order of their scores, best first; ties as they came. */
export function rankedTurns(memories: readonly { matches: readonly RankedTurn[] }[]): RankedTurn[] {
  return memories.flatMap((memory) => memory.matches).sort((a, b) => b.score - a.score);
}

/** The share of the evidence among the first `k` turns. */
export function recallAt(k: number, turns: readonly RankedTurn[], evidence: readonly string[]): number {
  return shareOf(
    evidence,
    turns.slice(0, k).map((turn) => turn.messageId),
  );
}

/** The share of the evidence among the turns that fit into a budget of tokens. */
export function recallInTokens(
  budget: number,
  turns: readonly RankedTurn[],
  evidence: readonly string[],
): number {
  const within: string[] = [];
  let tokens = 0;
  for (const turn of turns) {
    tokens += turn.content.length / CHARS_PER_TOKEN + TOKENS_AROUND_A_TURN;
    if (tokens > budget) break;
    within.push(turn.messageId);
  }
  return shareOf(evidence, within);
}

/** In percent, one decimal; null for none. */
export function meanPercent(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 1_000) / 10;
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

/** A 95 % interval, in percent. */
export type Interval = [low: number, high: number];

const RESAMPLINGS = 1_000;
const BOOTSTRAP_SEED = 11;

/** How far the mean moves when the values are drawn again with replacement: the middle 95 % of such means. */
export function bootstrapInterval(values: readonly number[]): Interval | null {
  if (values.length === 0) return null;
  const random = seeded(BOOTSTRAP_SEED);
  const means = Array.from({ length: RESAMPLINGS }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i += 1) sum += values[Math.floor(random() * values.length)]!;
    return sum / values.length;
  });
  return [meanPercent([quantile(means, 0.025)!])!, meanPercent([quantile(means, 0.975)!])!];
}

/** One line of a reliability table: of the scores in this bin, how many were those of something relevant. */
export interface ReliabilityBin {
  from: number;
  to: number;
  count: number;
  mean_score: number;
  /** In percent. */
  relevant: number;
}

const BINS = 10;

/** Scores from 0 to 1 against the share of relevant ones; empty bins are left out. */
export function reliability(scored: readonly { score: number; relevant: boolean }[]): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const within = scored.filter(({ score }) => Math.min(BINS - 1, Math.floor(score * BINS)) === bin);
    const sum = within.reduce((total, { score }) => total + score, 0);
    return {
      from: bin / BINS,
      to: (bin + 1) / BINS,
      count: within.length,
      mean_score: Math.round((sum / Math.max(1, within.length)) * 1_000) / 1_000,
      relevant: meanPercent(within.map(({ relevant }) => (relevant ? 1 : 0))) ?? 0,
    };
  }).filter((bin) => bin.count > 0);
}

function shareOf(evidence: readonly string[], found: readonly string[]): number {
  return evidence.filter((id) => found.includes(id)).length / evidence.length;
}
