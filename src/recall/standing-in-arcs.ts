import { arcDigest, arcLine } from '../domain/arc-digest';
import { spokenRange } from '../domain/spoken-dates';
import type { ReadSummary } from './read-summaries';

/**
 * A user's long lines as their episodes tell them: what is told until the first are made, which wait for an episode's
 * end.
 */
export function arcsOf(episodes: readonly ReadSummary[]): ReadSummary[] {
  const personas = new Set(episodes.flatMap((one) => one.sentences.flatMap(({ persona }) => persona ?? [])));
  return [...personas].sort().flatMap((persona) => {
    const sources = episodes.filter((one) => one.sentences.some((sentence) => sentence.persona === persona));
    const sentences = arcDigest(sources, persona);
    const [first, last] = [sentences[0], sentences.at(-1)];
    if (!first || !last) return [];
    const frame = `${spokenRange(first.saidAt, last.saidAt)}:`;
    const line: ReadSummary = {
      ...sources[0]!,
      ...arcLine(persona, frame, sentences),
      sourceIds: sources.map((one) => one.id),
      from: first.saidAt,
      to: last.saidAt,
    };
    return [line];
  });
}
