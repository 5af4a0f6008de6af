import type { Turn } from './message';
import type { PersonaTag } from './persona-tags';

/** Below this confidence of its first tag, a language model that reads a memory's messages says which personas it has. */
export const UNSURE_BELOW = 0.5;
const MAX_TAGS = 3;

/** A raw memory as it was tagged without a language model. */
export interface TaggedMemory {
  memoryId: string;
  firstSeq: number;
  lastSeq: number;
  /** What it was read as, the surest first. */
  personas: readonly PersonaTag[];
  /** Its tags as they are: others than those when somebody has set them. */
  tags: readonly string[];
}

/** A memory whose personas are asked for. */
export interface UnsureMemory {
  memoryId: string;
  /** Its tags until now. */
  tags: string[];
  /** The first and last of its messages among those shown, counted from 1. */
  firstShown: number;
  lastShown: number;
}

/** What a language model says of one of them: checked for its form, not yet for its sense. */
export interface ProposedPersonas {
  part: number;
  names: readonly string[];
}

/** The personas that a language model says a memory has, the main one first. */
export interface ToldPersonas {
  memoryId: string;
  tags: string[];
  /** Its tags until now: others are somebody's own by now, and stay. */
  before: string[];
}

/** The memories whose tags are as they were read, but were read with little confidence, and of whose messages some are shown. */
export function unsureMemories(
  memories: readonly TaggedMemory[],
  shown: readonly Pick<Turn, 'seq'>[],
): UnsureMemory[] {
  return memories.flatMap(({ memoryId, firstSeq, lastSeq, personas, tags }) => {
    const read = personas.map((tag) => tag.persona);
    const isAsRead = read.length === tags.length && read.every((persona, i) => persona === tags[i]);
    const places = shown.flatMap(({ seq }, i) => (firstSeq <= seq && seq <= lastSeq ? [i + 1] : []));
    const [firstShown] = places;
    if (!isAsRead || firstShown === undefined || (personas[0]?.confidence ?? 1) >= UNSURE_BELOW) return [];
    return [{ memoryId, tags: [...tags], firstShown, lastShown: places.at(-1)! }];
  });
}

/** The line of a prompt that asks for them; null: none is asked for. */
export function unsureLine(unsure: readonly UnsureMemory[], personas: readonly string[]): string | null {
  if (unsure.length === 0) return null;
  const parts = unsure.map(({ firstShown, lastShown }, i) => {
    const messages = firstShown === lastShown ? `M${firstShown}` : `M${firstShown}–M${lastShown}`;
    return `U${i + 1} ${messages}`;
  });
  return `Unsure, of ${personas.join(', ')}: ${parts.join(', ')}`;
}

/**
 * What of a language model's answer is kept: personas that there are, a few a memory, of memories that it was asked about.
 * Of what it says nothing usable of, the tags stay.
 */
export function acceptPersonas(
  proposed: readonly ProposedPersonas[],
  unsure: readonly UnsureMemory[],
  personas: readonly string[],
): ToldPersonas[] {
  return unsure.flatMap(({ memoryId, tags: before }, i) => {
    const names = proposed.find((one) => one.part === i + 1)?.names ?? [];
    const known = names.flatMap((name) => {
      const folded = name.trim().toLowerCase();
      return personas.find((persona) => persona.toLowerCase() === folded) ?? [];
    });
    const tags = [...new Set(known)].slice(0, MAX_TAGS);
    return tags.length === 0 ? [] : [{ memoryId, tags, before }];
  });
}
