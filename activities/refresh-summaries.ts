import { Context } from '@temporalio/activity';
import { arcSummaryId, sha256Hex } from '../src/domain/ids';
import { spokenDay } from '../src/domain/spoken-dates';
import type { StoredSentence, Summary } from '../src/domain/summary';
import { ARC_SUMMARY_MAX_WORDS } from '../src/domain/summary-budget';
import type { SummarySentence } from '../src/models/summarizer';
import { staleEpisodesOfUser } from '../src/record/episodes';
import { transaction } from '../src/record/pool';
import {
  deleteSummaries,
  listSummaries,
  saveSummary,
  summariesOfClosedEpisodes,
} from '../src/record/summaries';
import { pendingTierMarks, tiersCaughtUp } from '../src/record/tier-marks';
import type { TiersActivities, TiersInput } from '../workflows/tiers.contract';
import { arcDigest, ARC_EPISODES } from './arc-digest';
import type { ActivityDependencies } from './dependencies';
import { summarizeEpisode } from './summarize-episode';
import { nextTelling } from './tell-by-model';
import { whileBeating } from './while-beating';

const EPISODES_A_LOOK = 50;
const MAX_ARCS = 100;
const MAX_PEOPLE = 20;

/** See workflows/tiers.contract. */
export function createRefreshSummaries(
  dependencies: ActivityDependencies,
): TiersActivities['refreshSummaries'] {
  const { pool } = dependencies;
  return (input) =>
    whileBeating(async () => {
      const { cancellationSignal: signal } = Context.current();
      const stale = await staleEpisodesOfUser(pool, input, EPISODES_A_LOOK);
      for (const episode of stale) await summarizeEpisode(dependencies, episode, signal);
      if (stale.length === EPISODES_A_LOOK) return { episodes: stale.length, arcs: [], more: true };
      const marks = await pendingTierMarks(pool, input);
      const arcs = marks.length === 0 ? [] : await tellArcs(dependencies, input, signal);
      // Who has marked them since tells the workflow, which gathers before it looks again.
      if (marks.length > 0) await tiersCaughtUp(pool, input, marks);
      const telling = await nextTelling(dependencies, input);
      return { episodes: stale.length, arcs, more: false, ...(telling ? { telling } : {}) };
    });
}

/** @returns the personas whose arcs have changed; those whose episodes are as they were are left alone */
async function tellArcs(
  { pool, summarizer, extraction }: ActivityDependencies,
  owner: TiersInput,
  signal: AbortSignal,
): Promise<string[]> {
  const episodes = await summariesOfClosedEpisodes(pool, owner, ARC_EPISODES);
  const known = await listSummaries(pool, owner, { tier: 'arc', limit: MAX_ARCS });
  const personas = [
    ...new Set(
      episodes.flatMap((episode) => episode.sentences.flatMap((sentence) => sentence.persona ?? [])),
    ),
  ].sort();
  const changed: string[] = [];
  for (const persona of personas.slice(0, MAX_ARCS)) {
    const sources = episodes.filter((episode) => episode.sentences.some((one) => one.persona === persona));
    const basis = sha256Hex(
      JSON.stringify([summarizer.name, persona, sources.map((one) => basisOf(one, summarizer.name))]),
    );
    if (known.some((arc) => arc.persona === persona && arc.basis === basis)) continue;
    const arc = await arcOf(summarizer, owner, persona, sources, basis, signal);
    const degraded = extraction !== null;
    await transaction(pool, (client) =>
      saveSummary(client, owner, { ...arc, degraded }, extraction?.policy.summariesAfterMs ?? 0),
    );
    changed.push(persona);
  }
  const gone = known.filter((arc) => arc.persona !== null && !personas.includes(arc.persona));
  if (gone.length > 0)
    await transaction(pool, (client) =>
      deleteSummaries(
        client,
        owner,
        gone.map((arc) => arc.id),
      ),
    );
  return changed;
}

async function arcOf(
  summarizer: ActivityDependencies['summarizer'],
  owner: TiersInput,
  persona: string,
  sources: readonly Summary[],
  basis: string,
  signal: AbortSignal,
): Promise<Omit<Summary, 'version' | 'createdAt'>> {
  const { frame, sentences } = await summarizer.arc(arcDigest(sources, persona), {
    persona,
    budgetWords: ARC_SUMMARY_MAX_WORDS,
    signal,
  });
  const told = sentences.map((sentence): StoredSentence => ({ ...sentence, persona }));
  const cited = new Set(told.flatMap((sentence) => sentence.sourceIds));
  const quoted = sources.filter((episode) => episode.sourceIds.some((id) => cited.has(id)));
  return {
    id: arcSummaryId(owner.namespace, owner.userId, persona),
    tier: 'arc',
    persona,
    personaTags: [persona],
    conversationId: null,
    firstSeq: null,
    lastSeq: null,
    frame,
    sentences: withoutRepeatedDays(told),
    sourceIds: sources.map((episode) => episode.id),
    people: [...new Set(sources.flatMap((episode) => episode.people))].slice(0, MAX_PEOPLE),
    importance: Math.max(...sources.map((episode) => episode.importance)),
    confidence: quoted.length / sources.length,
    method: summarizer.name,
    degraded: false,
    basis,
    from: new Date(Math.min(...sources.map((episode) => episode.from.getTime()))),
    to: new Date(Math.max(...sources.map((episode) => episode.to.getTime()))),
  };
}

/** A long line is made again when an episode's summary is, and when a language model has told it. */
function basisOf({ id, basis, method }: Summary, extractive: string): string[] {
  return method === extractive ? [id, basis] : [id, basis, method];
}

/** The day is said once, before the first sentence of it. */
function withoutRepeatedDays<S extends SummarySentence>(sentences: readonly S[]): S[] {
  return sentences.map((sentence, i) => {
    const before = sentences[i - 1];
    const day = `${spokenDay(sentence.saidAt)}: `;
    const repeated = before !== undefined && `${spokenDay(before.saidAt)}: ` === day;
    return repeated && sentence.text.startsWith(day)
      ? { ...sentence, text: sentence.text.slice(day.length) }
      : sentence;
  });
}
