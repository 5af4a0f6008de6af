import { log } from '@temporalio/activity';
import { ensureError, UnavailableError } from '../src/domain/errors';
import { LEAST_MESSAGES_WITH_TOPICS, planEpisodes, type EpisodeUnit } from '../src/domain/episodes';
import { episodeSummaryId } from '../src/domain/ids';
import type { ConversationRef } from '../src/domain/message';
import { meanOfInt8 } from '../src/models/quantize';
import { cutEpisodes, episodeUnits, staleEpisodesOf, type Episode } from '../src/record/episodes';
import { readTurnVectors } from '../src/record/turn-vectors';
import { summarySeenThrough } from '../src/record/summaries';
import { TELL_LATER_MS } from '../src/temporal/tiers-signals';
import type { ActivityDependencies } from './dependencies';
import { summarizeEpisodes } from './summarize-episodes';

/** What one step may summarize of a long import; the sweep and the user's own workflow do the rest. */
const EPISODES_A_STEP = 20;
/** A growing episode is summarized again when it has grown by this share, or when somebody waits for it. */
const GROWN_BY = 0.25;
const MAX_CUTS = 20;
/** The body of an import may end without another word for a conversation that it has brought all of. */
const LOOK_AGAIN_AFTER_MS = 15_000;

export interface EpisodeStep {
  /** Somebody asked for a flush: what is open is summarized at once. */
  flush: boolean;
  /** Turns' vectors that are known without asking the record, by seq. */
  vectors: ReadonlyMap<number, Buffer>;
}

/** What the last episode of a conversation waits for. */
export interface EpisodeOutlook {
  /** How long until silence ends it; null when none is open, or more is known to come. */
  endsInMs: number | null;
  /** It is open, or may be, because more is known to come. */
  moreComes: boolean;
}

/**
 * Cuts what is indexed into episodes and summarizes what has changed. Nothing that goes wrong here holds up messages:
 * what is left behind is a row that the sweep finds.
 * @returns what the last episode waits for
 */
export async function keepEpisodes(
  dependencies: ActivityDependencies,
  ref: ConversationRef,
  step: EpisodeStep,
  signal?: AbortSignal,
): Promise<EpisodeOutlook> {
  try {
    const { closed, stale, ...outlook } = await cut(dependencies, ref, step.vectors);
    const due: Episode[] = [];
    for (const episode of stale)
      if (!episode.open || step.flush || (await hasGrown(dependencies, episode))) due.push(episode);
    await summarizeEpisodes(dependencies, due, signal);
    if (closed > 0) dependencies.tiersTeller.tell(ref, TELL_LATER_MS);
    return outlook;
  } catch (thrown) {
    if (thrown instanceof UnavailableError) throw thrown;
    log.error('episodes could not be kept', { error: ensureError(thrown) });
    return { endsInMs: null, moreComes: true };
  }
}

async function cut(
  { pool, embedder, episodes: policy }: ActivityDependencies,
  ref: ConversationRef,
  vectors: EpisodeStep['vectors'],
): Promise<EpisodeOutlook & { closed: number; stale: Episode[] }> {
  let closed = 0;
  for (let attempt = 1; attempt <= MAX_CUTS; attempt += 1) {
    const found = await episodeUnits(pool, ref);
    if (!found) {
      const stale = await staleEpisodesOf(pool, ref, EPISODES_A_STEP);
      return { closed, stale, endsInMs: null, moreComes: false };
    }
    const { units, truncated, moreComes, eraseEpoch, nowMs } = found;
    const plan = planEpisodes(await withVectors(pool, ref, embedder?.name ?? null, units, vectors), policy, {
      nowMs,
      moreComes,
    });
    const stale = await cutEpisodes(
      pool,
      ref,
      units[0]!.firstSeq,
      plan,
      nowMs + LOOK_AGAIN_AFTER_MS,
      (firstSeq) => episodeSummaryId(ref, firstSeq, eraseEpoch),
      EPISODES_A_STEP,
    );
    if (!stale) continue;
    closed += plan.closed.length;
    if (truncated && plan.closed.length > 0) continue;
    const endsInMs = plan.endsAtMs === null ? null : Math.max(0, plan.endsAtMs - nowMs);
    return { closed, stale, endsInMs, moreComes };
  }
  throw new UnavailableError('postgres', `a conversation’s episodes changed ${MAX_CUTS} times in a row`);
}

/** The same batches with the means of their turns' vectors, where there are enough of them to tell topics apart. */
async function withVectors(
  pool: ActivityDependencies['pool'],
  ref: ConversationRef,
  embedderName: string | null,
  units: readonly EpisodeUnit[],
  known: EpisodeStep['vectors'],
): Promise<readonly EpisodeUnit[]> {
  const first = units[0]!.firstSeq;
  const last = units.at(-1)!.lastSeq;
  if (embedderName === null || last - first + 1 < LEAST_MESSAGES_WITH_TOPICS) return units;
  // The one of a turn that was refused is asked for in vain.
  const unknown = units.find((unit) => seqsOf(unit).some((seq) => !known.has(seq)));
  const read = unknown ? await readTurnVectors(pool, ref, embedderName, unknown.firstSeq, last) : known;
  return units.map((unit) => {
    const vectors = seqsOf(unit).flatMap((seq) => known.get(seq) ?? read.get(seq) ?? []);
    return vectors.length === 0 ? unit : { ...unit, vector: meanOfInt8(vectors) };
  });
}

function seqsOf(unit: EpisodeUnit): number[] {
  return Array.from({ length: unit.lastSeq - unit.firstSeq + 1 }, (_, i) => unit.firstSeq + i);
}

async function hasGrown({ pool }: ActivityDependencies, episode: Episode): Promise<boolean> {
  const seen = await summarySeenThrough(pool, episode.ref, episode.summaryId);
  if (seen === null) return true;
  const before = seen - episode.firstSeq + 1;
  return episode.lastSeq - seen >= before * GROWN_BY;
}
