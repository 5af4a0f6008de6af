import type { EmotionalSignature, Memory } from '../domain/memory';
import type { PersonaWeights } from './persona-weights';

const MS_PER_DAY = 86_400_000;
/** After this long a memory's recency is a half. */
const RECENCY_HALF_LIFE_DAYS = 30;
/** What a memory without feeling counts for, so that feeling is a gain and its absence no flaw. */
const NEUTRAL_AFFECT = 0;
const MOOD_TILT = 0.5;

const MOOD_VALENCE: ReadonlyMap<string, number> = new Map([
  ...['happy', 'joyful', 'excited', 'grateful', 'proud', 'hopeful', 'content', 'playful', 'optimistic'].map(
    (mood) => [mood, 1] as const,
  ),
  ...[
    'sad',
    'angry',
    'anxious',
    'worried',
    'stressed',
    'lonely',
    'frustrated',
    'tired',
    'grieving',
    'afraid',
  ].map((mood) => [mood, -1] as const),
]);

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
  const emotional = relevance * weights.emotional * affect(memory.emotionalSignature, mood);
  return { score: semantic + temporal + importance + emotional, semantic, temporal, importance, emotional };
}

/** 1 now, a half after the half-life; what lies ahead counts as now. */
export function recency(saidAt: Date, now: Date): number {
  const ageDays = Math.max(0, now.getTime() - saidAt.getTime()) / MS_PER_DAY;
  return 0.5 ** (ageDays / RECENCY_HALF_LIFE_DAYS);
}

/** How much feeling a memory carries, 0..1; a known mood favours what was felt alike. */
export function affect(signature: EmotionalSignature | null, mood: string | null): number {
  if (!signature) return NEUTRAL_AFFECT;
  const strength = clamp(Math.abs(signature.valence) * 0.5 + signature.intensity * 0.5);
  const valence = mood === null ? undefined : MOOD_VALENCE.get(mood.trim().toLowerCase());
  if (valence === undefined) return strength;
  return clamp(strength * (1 + MOOD_TILT * valence * Math.sign(signature.valence)));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
