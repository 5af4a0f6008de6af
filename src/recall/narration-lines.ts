import type { RecalledMemory } from '../domain/memory';
import { speakerOf } from '../domain/message';
import { MAX_NARRATION_LINES } from '../domain/narration';
import type { TellingItem } from '../domain/telling';
import { oneLine } from '../domain/words';
import { LEAST_RELEVANCE, type Statement } from './narrative';

/** Turns that answer the question, beside what is told without a language model. */
const MAX_TURNS = 15;

/**
 * What a language model is shown to tell a narrative from: what is told without it, and the turns that answer the
 * question best, as they were said; in the order of time.
 * @param statements those that matter most first
 * @param memories what the question has found, best first
 */
export function narrationLines(
  statements: readonly Statement[],
  memories: readonly RecalledMemory[],
): TellingItem[] {
  const told = statements.map((statement) => ({ ...statement, who: null }));
  const texts = told.map((one) => oneLine(one.text));
  const turns = memories
    .filter((memory) => memory.relevance >= LEAST_RELEVANCE)
    .flatMap(turnsOf)
    // What a statement says word for word is not shown twice.
    .filter((turn) => !texts.some((text) => text.includes(oneLine(turn.text))))
    .slice(0, MAX_TURNS);
  return [...turns, ...told]
    .slice(0, MAX_NARRATION_LINES)
    .sort((a, b) => a.saidAt.getTime() - b.saidAt.getTime());
}

function turnsOf(memory: RecalledMemory): TellingItem[] {
  const sourceIds = [memory.id];
  const matches = memory.matches.filter((match) => match.score >= LEAST_RELEVANCE);
  if (matches.length === 0) return [{ text: memory.content, who: null, saidAt: memory.createdAt, sourceIds }];
  return matches.map((match) => ({
    text: match.content,
    who: speakerOf(match),
    saidAt: match.timestamp,
    sourceIds,
  }));
}
