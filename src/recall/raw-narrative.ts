import type { Memory } from '../domain/memory';

/** About 1,500 tokens: a narrative is read whole by a language model. */
const MAX_NARRATIVE_CHARS = 6_000;

const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

type Told = Pick<Memory, 'content' | 'createdAt' | 'id' | 'firstSeq'>;

/**
 * Memories told in the order of their time, a paragraph a day: what a narrative is while no summary exists. When they
 * are more than fit, those given first are kept, so give the best first.
 */
export function rawNarrative(memories: readonly Told[]): string {
  const kept: Told[] = [];
  let characters = 0;
  for (const memory of memories) {
    characters += memory.content.length;
    if (characters > MAX_NARRATIVE_CHARS && kept.length > 0) break;
    kept.push(memory);
  }
  kept.sort(
    (a, b) =>
      a.createdAt.getTime() - b.createdAt.getTime() ||
      // Stored by one request, without times of their own.
      (a.firstSeq ?? 0) - (b.firstSeq ?? 0) ||
      (a.id < b.id ? -1 : 1),
  );
  const days = new Map<string, string[]>();
  for (const memory of kept) {
    const day = DAY.format(memory.createdAt);
    days.set(day, [...(days.get(day) ?? []), memory.content.slice(0, MAX_NARRATIVE_CHARS)]);
  }
  return [...days].map(([day, contents]) => `${day}:\n${contents.join('\n')}`).join('\n\n');
}
