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

function shareOf(evidence: readonly string[], found: readonly string[]): number {
  return evidence.filter((id) => found.includes(id)).length / evidence.length;
}
