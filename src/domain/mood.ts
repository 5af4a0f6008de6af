import type { EmotionalSignature } from './memory';

/** A mood's place among feelings: how good, −1..1, and how stirred, 0..1. */
export interface Mood {
  valence: number;
  arousal: number;
}

const PLACES: Readonly<Record<string, readonly [valence: number, arousal: number]>> = {
  positive: [0.7, 0.5],
  negative: [-0.7, 0.5],
  motivated: [0.6, 0.75],
  analytical: [0, 0.1],
  happy: [0.8, 0.6],
  joyful: [0.9, 0.7],
  excited: [0.8, 0.9],
  energetic: [0.6, 0.9],
  playful: [0.7, 0.7],
  proud: [0.7, 0.6],
  hopeful: [0.6, 0.5],
  optimistic: [0.6, 0.5],
  confident: [0.6, 0.5],
  grateful: [0.7, 0.35],
  loving: [0.8, 0.5],
  romantic: [0.8, 0.5],
  content: [0.6, 0.25],
  calm: [0.4, 0.1],
  relaxed: [0.5, 0.1],
  peaceful: [0.5, 0.1],
  focused: [0.1, 0.35],
  curious: [0.3, 0.5],
  reflective: [0, 0.2],
  nostalgic: [0.1, 0.3],
  bored: [-0.3, 0.1],
  tired: [-0.4, 0.1],
  sad: [-0.7, 0.25],
  lonely: [-0.7, 0.3],
  grieving: [-0.9, 0.4],
  depressed: [-0.8, 0.15],
  disappointed: [-0.6, 0.35],
  frustrated: [-0.6, 0.65],
  stressed: [-0.6, 0.75],
  overwhelmed: [-0.7, 0.75],
  worried: [-0.6, 0.6],
  anxious: [-0.6, 0.8],
  afraid: [-0.7, 0.85],
  angry: [-0.8, 0.9],
};
/** How much a memory in tune with the mood gains, and one that is not loses. */
const TILT = 0.8;
/** The farthest two feelings can be apart. */
const FARTHEST = Math.SQRT2;

/** A mood by its name; null for those that tilt nothing: neutral, conversational, and any that is not known. */
export function moodOf(name: string | null): Mood | null {
  const place = name === null ? undefined : PLACES[name.trim().toLowerCase()];
  return place ? { valence: place[0], arousal: place[1] } : null;
}

/** How far a feeling is in tune with a mood: 1 the same, −1 the opposite. */
export function inTune(felt: Pick<EmotionalSignature, 'valence' | 'arousal'>, mood: Mood): number {
  const apart = Math.hypot((felt.valence - mood.valence) / 2, felt.arousal - mood.arousal);
  return 1 - (2 * apart) / FARTHEST;
}

/** How much a memory moves, 0..1, seen in a mood; nothing felt moves nothing. */
export function affect(felt: EmotionalSignature | null, mood: Mood | null): number {
  if (!felt) return 0;
  const strength = (Math.abs(felt.valence) + felt.intensity) / 2;
  const tilted = mood ? strength * (1 + TILT * inTune(felt, mood)) : strength;
  return Math.min(1, Math.max(0, tilted));
}
