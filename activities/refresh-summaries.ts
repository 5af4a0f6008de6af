import { Context } from '@temporalio/activity';
import { ARC_EPISODES } from '../src/domain/arc-digest';
import { arcBasis, toldArcStands } from '../src/domain/standing-arc';
import { staleEpisodesOfUser } from '../src/record/episodes';
import { transaction } from '../src/record/pool';
import {
  deleteSummaries,
  listSummaries,
  saveSummary,
  summariesOfClosedEpisodes,
} from '../src/record/summaries';
import { awaitTelling } from '../src/record/tellings';
import { pendingTierMarks, tiersCaughtUp } from '../src/record/tier-marks';
import type { TiersActivities, TiersInput } from '../workflows/tiers.contract';
import { arcOf, episodesOf } from './arc-of';
import type { ActivityDependencies } from './dependencies';
import { endRunOfErased } from './end-run-of-erased';
import { summarizeEpisodes } from './summarize-episodes';
import { nextTelling } from './tell-by-model';
import { whileBeating } from './while-beating';

const EPISODES_A_LOOK = 50;
const MAX_ARCS = 100;

/** See workflows/tiers.contract. */
export function createRefreshSummaries(
  dependencies: ActivityDependencies,
): TiersActivities['refreshSummaries'] {
  const { pool } = dependencies;
  return (input) =>
    whileBeating(async () => {
      if (await endRunOfErased(dependencies, input)) return { episodes: 0, arcs: [], more: false };
      const { cancellationSignal: signal } = Context.current();
      const stale = await staleEpisodesOfUser(pool, input, EPISODES_A_LOOK);
      await summarizeEpisodes(dependencies, stale, signal);
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
    const sources = episodesOf(episodes, persona);
    const before = known.find((arc) => arc.persona === persona);
    if (before?.basis === arcBasis(summarizer.name, persona, sources)) continue;
    if (extraction !== null && before && toldArcStands(before, summarizer.name, persona, sources)) {
      await awaitTelling(pool, owner, before.id, extraction.policy.summariesAfterMs);
      continue;
    }
    const arc = await arcOf(summarizer, owner, persona, sources, signal);
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
