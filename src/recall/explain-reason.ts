import { importanceOf } from '../domain/importance';
import type { Memory } from '../domain/memory';
import type { Role } from '../domain/message';
import { inTune, moodOf } from '../domain/mood';

/** Below it a memory is no answer, only the best of those that are not: nearness would be said of nothing. */
const FAINT_BELOW = 0.1;
const MOSTLY_WORDS = 0.65;
const MOSTLY_MEANING = 0.35;
/** A part is worth saying from this share of the semantic one on. */
const SAID_FROM = 1 / 4;
const IN_TUNE_FROM = 0.4;
const MOST_REASONS = 3;
const MS_PER_DAY = 86_400_000;

/** What a score is made of, as its reason needs it. */
export interface ReasonParts {
  relevance: number;
  semantic: number;
  temporal: number;
  importance: number;
  emotional: number;
  /** The share of the relevance that is words. */
  keyword: number;
}

/** Why a memory stands where it does, in one line of words. */
export function reasonOf(
  memory: Pick<Memory, 'content' | 'createdAt' | 'emotionalSignature'>,
  turns: readonly { role: Role; content: string }[],
  parts: ReasonParts,
  seen: { now: Date; mood: string | null },
): string {
  const worth = (part: number): boolean => part > 0 && part >= parts.semantic * SAID_FROM;
  const reasons = [nearness(parts)];
  if (worth(parts.temporal)) reasons.push(`recent, said ${ago(memory.createdAt, seen.now)}`);
  if (worth(parts.importance)) reasons.push(important(memory, turns));
  const felt = memory.emotionalSignature;
  if (felt && parts.emotional > 0) {
    const mood = moodOf(seen.mood);
    const tune =
      mood && inTune(felt, mood) >= IN_TUNE_FROM ? `, in tune with a ${seen.mood!.trim()} mood` : '';
    reasons.push(`felt as ${felt.emotion}${tune}`);
  }
  return reasons.join('; ');
}

function nearness({ relevance, keyword }: ReasonParts): string {
  if (relevance < FAINT_BELOW) return 'has hardly anything to do with the query';
  if (keyword >= MOSTLY_WORDS) return 'shares words with the query';
  return keyword <= MOSTLY_MEANING
    ? 'is close to the query in meaning'
    : 'is close to the query in words and meaning';
}

function important(
  memory: Pick<Memory, 'content' | 'emotionalSignature'>,
  turns: readonly { role: Role; content: string }[],
): string {
  const said = turns.length > 0 ? turns : [{ role: 'user' as const, content: memory.content }];
  const why = importanceOf(said, null, 0)
    .parts.filter((part) => part.weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MOST_REASONS)
    .map((part) => part.reason);
  return why.length > 0 ? `important: ${why.join(', ')}` : 'important';
}

function ago(saidAt: Date, now: Date): string {
  const days = Math.floor(Math.max(0, now.getTime() - saidAt.getTime()) / MS_PER_DAY);
  if (days === 0) return 'within a day';
  return days === 1 ? 'a day ago' : `${days} days ago`;
}
