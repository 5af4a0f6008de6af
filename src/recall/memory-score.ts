import type { Memory } from '../domain/memory';
import { affect, moodOf } from '../domain/mood';
import type { PersonaWeights } from './persona-weights';

const MS_PER_DAY = 86_400_000;
/** After this long a memory's recency is a half. */
const RECENCY_HALF_LIFE_DAYS = 30;
/** A score and what it is made of: the four parts add up to it. */
export interface ScoreParts {
  score: number;
  semantic: number;
  temporal: number;
  importance: number;
  emotional: number;
}

/**
 * Relevance seen through a persona's weights: nothing irrelevant climbs by being fresh, important or moving, since
 * every part is a share of the relevance.
 */
export function memoryScore(
  memory: Pick<Memory, 'createdAt' | 'importance' | 'emotionalSignature'>,
  relevance: number,
  weights: PersonaWeights,
  now: Date,
  mood: string | null,
): ScoreParts {
  const semantic = weights.semantic * relevance;
  const temporal = relevance * weights.temporal * recency(memory.createdAt, now);
  const importance = relevance * weights.importance * clamp(memory.importance);
  const emotional = relevance * weights.emotional * affect(memory.emotionalSignature, moodOf(mood));
  return { score: semantic + temporal + importance + emotional, semantic, temporal, importance, emotional };
}

/** 1 now, a half after the half-life; what lies ahead counts as now. */
export function recency(saidAt: Date, now: Date): number {
  const ageDays = Math.max(0, now.getTime() - saidAt.getTime()) / MS_PER_DAY;
  return 0.5 ** (ageDays / RECENCY_HALF_LIFE_DAYS);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
