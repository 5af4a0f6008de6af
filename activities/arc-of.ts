import { arcDigest, arcLine } from '../src/domain/arc-digest';
import { arcSummaryId } from '../src/domain/ids';
import { arcBasis } from '../src/domain/standing-arc';
import type { StoredSentence, Summary } from '../src/domain/summary';
import { ARC_SUMMARY_MAX_WORDS } from '../src/domain/summary-budget';
import type { Summarizer } from '../src/models/summarizer';
import type { NewSummary } from '../src/record/summaries';
import type { ArcSources } from '../src/record/tellings';
import type { TiersInput } from '../workflows/tiers.contract';

const MAX_PEOPLE = 20;

/** The episodes, in the order of their time, that say something of a persona: at least one. */
export function episodesOf(episodes: readonly Summary[], persona: string): Summary[] {
  return episodes.filter((episode) => episode.sentences.some((one) => one.persona === persona));
}

/** A persona's long line through its episodes, without a language model. */
export async function arcOf(
  summarizer: Summarizer,
  owner: TiersInput,
  persona: string,
  sources: readonly Summary[],
  signal?: AbortSignal,
): Promise<NewSummary> {
  const { frame, sentences } = await summarizer.arc(arcDigest(sources, persona), {
    persona,
    budgetWords: ARC_SUMMARY_MAX_WORDS,
    ...(signal ? { signal } : {}),
  });
  const told = sentences.map((sentence): StoredSentence => ({ ...sentence, persona }));
  const cited = new Set(told.flatMap((sentence) => sentence.sourceIds));
  const quoted = sources.filter((episode) => episode.sourceIds.some((id) => cited.has(id)));
  return {
    ...arcSources(summarizer.name, persona, sources),
    id: arcSummaryId(owner.namespace, owner.userId, persona),
    ...arcLine(persona, frame, told),
    confidence: quoted.length / sources.length,
    method: summarizer.name,
    degraded: false,
  };
}

/** What a long line has of its episodes, whoever tells it. @param maker what makes it without a language model */
export function arcSources(
  maker: string,
  persona: string,
  sources: readonly Summary[],
): Omit<ArcSources, 'frame'> {
  return {
    sourceIds: sources.map((episode) => episode.id),
    people: [...new Set(sources.flatMap((episode) => episode.people))].slice(0, MAX_PEOPLE),
    importance: Math.max(...sources.map((episode) => episode.importance)),
    basis: arcBasis(maker, persona, sources),
    from: new Date(Math.min(...sources.map((episode) => episode.from.getTime()))),
    to: new Date(Math.max(...sources.map((episode) => episode.to.getTime()))),
  };
}
