import type { Pool } from 'pg';
import type { StoredSentence } from '../domain/summary';
import { isErased } from '../record/erasures';
import { passingMemories, restricts } from '../record/recall-reads';
import { liveMemories } from '../record/summary-freshness';
import { withAnswers } from './answering-sentences';
import { createDefaultSummarizer } from './default-summarizer';
import { resolveGranularity, type AskedGranularity, type Granularity } from './granularity';
import { arcNarrative, episodicNarrative, rawStatement, type Narrative, type Statement } from './narrative';
import { rawNarrative } from './raw-narrative';
import type { Narrator } from './narrator';
import { readSummaries, type ReadSummary } from './read-summaries';
import type { ExplainedMemory, Recall, RetrieveRequest, RetrieveResult } from './recall';
import { arcsOf } from './standing-in-arcs';
import { termsOf } from './terms';

export interface TellRequest {
  retrieve: RetrieveRequest;
  granularity: AskedGranularity;
  /** Summaries that touch this time. */
  from?: Date | undefined;
  to?: Date | undefined;
  /** How many summaries at most. */
  limit: number;
  /** Without it only the summaries are read. */
  narrative: boolean;
}

/** What the record tells. */
interface RecordTold {
  granularity: Granularity;
  /** Of the granularity, those told first first; empty for raw. */
  summaries: ReadSummary[];
  /** `""` only when there is nothing at all; null when it was not asked for. */
  narrative: string | null;
  statements: Statement[];
}

/** What a question is answered with. */
export interface Told extends RecordTold {
  /** What the query has found, as far as it can still be recalled. */
  memories: ExplainedMemory[];
  /** A language model was to tell it, and did not. */
  degraded: boolean;
}

export interface TellDependencies {
  pool: Pool;
  recall: Recall;
  /** Null: there is no language model. */
  narrator: Narrator | null;
}

const summarizer = createDefaultSummarizer();

/** More episodes are not read for one answer: the latest. */
const MAX_SUMMARIES_READ = 200;

/**
 * Tells what is known at the granularity asked for: by a language model where there is one, else by the summaries' own
 * sentences. Until a tier exists the one below stands in: episodes for arcs, what was said for episodes.
 * @param found what the query has found already, which says which episodes answer it
 */
export async function tell(
  dependencies: TellDependencies,
  request: TellRequest,
  found: RetrieveResult,
): Promise<Told> {
  const { pool, narrator } = dependencies;
  const { retrieve } = request;
  const told = await tellFromRecord(dependencies, request, found);
  if (narrator === null || told.statements.length === 0)
    return { ...told, memories: found.memories, degraded: false };
  const narration = await narrator.narrate(retrieve, {
    query: retrieve.query,
    statements: told.statements,
    memories: found.memories,
  });
  const now = narration.waited
    ? await asItIsNow(dependencies, request, found)
    : { ...told, memories: found.memories };
  if (narration.waited && (await isErased(pool, retrieve)))
    return { ...now, summaries: [], narrative: '', statements: [], memories: [], degraded: false };
  const { statements } = narration;
  if (statements === null) return { ...now, degraded: true };
  const narrative = statements.map((statement) => statement.text).join(' ');
  return { ...now, narrative, statements, degraded: false };
}

/** What was deleted while a language model was waited for is not answered any more. */
async function asItIsNow(
  dependencies: TellDependencies,
  request: TellRequest,
  found: RetrieveResult,
): Promise<Omit<Told, 'degraded'>> {
  const ids = found.memories.map((memory) => memory.id);
  const live = await liveMemories(dependencies.pool, request.retrieve, ids);
  const memories = found.memories.filter((memory) => live.has(memory.id));
  return { ...(await tellFromRecord(dependencies, request, { ...found, memories })), memories };
}

async function tellFromRecord(
  { pool, recall }: TellDependencies,
  request: TellRequest,
  found: RetrieveResult,
): Promise<RecordTold> {
  const { retrieve } = request;
  const read = async (tier: 'episodic' | 'arc'): Promise<ReadSummary[]> => {
    const { from, to } = request;
    const found = await readSummaries(pool, retrieve, { tier, from, to, limit: MAX_SUMMARIES_READ });
    return passing(pool, retrieve, within(found, request));
  };
  const wantsArcs = request.granularity === 'arc' || request.granularity === 'auto';
  const arcs = wantsArcs ? await read('arc') : [];
  const episodes =
    request.granularity === 'raw' || (request.granularity === 'arc' && arcs.length > 0)
      ? []
      : await read('episodic');
  const granularity = resolveGranularity(request.granularity, retrieve.query, {
    episodes: episodes.length > 0,
    arcs: arcs.length > 0,
  });
  const queryTerms = new Set(retrieve.query === null ? [] : termsOf(retrieve.query));
  const input = {
    relevance: new Map(found.memories.map((memory) => [memory.id, memory.relevance])),
    answers: (text: string) => queryTerms.size > 0 && termsOf(text).some((term) => queryTerms.has(term)),
    persona: found.persona.selected,
  };
  const told = await toldOf(granularity, arcs, input, async () =>
    request.narrative ? withAnswers(summarizer, episodes, found.memories) : episodes,
  );
  const ofTier = granularity === 'arc' ? arcs : granularity === 'episodic' ? episodes : [];
  const summaries = firstTold(ofTier, told?.summaryIds ?? []).slice(0, request.limit);
  if (!request.narrative) return { granularity, summaries, narrative: null, statements: [] };
  if (told && told.text !== '')
    return { granularity, summaries, narrative: told.text, statements: told.statements };
  const raw = await standIn(recall, retrieve, found);
  return { granularity, summaries, narrative: rawNarrative(raw), statements: raw.map(rawStatement) };
}

/** Of summaries that reach beyond the time asked for only what was said in it. */
function within(summaries: readonly ReadSummary[], { from, to }: TellRequest): ReadSummary[] {
  if (!from && !to) return [...summaries];
  return withSentences(summaries, ({ saidAt }) => (!from || saidAt >= from) && (!to || saidAt < to));
}

/** Of summaries only what memories say that pass the filter; when they were said is looked at sentence by sentence. */
async function passing(
  pool: Pool,
  { filter, ...owner }: RetrieveRequest,
  summaries: readonly ReadSummary[],
): Promise<ReadSummary[]> {
  const { createdAfter: _after, createdBefore: _before, ...others } = filter ?? {};
  if (summaries.length === 0 || !restricts(others)) return [...summaries];
  const cited = summaries.flatMap((summary) => summary.sentences.flatMap((one) => one.sourceIds));
  const passed = await passingMemories(pool, owner, others, [...new Set(cited)]);
  return withSentences(summaries, ({ sourceIds }) => sourceIds.every((id) => passed.has(id)));
}

function withSentences(
  summaries: readonly ReadSummary[],
  isKept: (sentence: StoredSentence) => boolean,
): ReadSummary[] {
  return summaries.flatMap((summary) => {
    const sentences = summary.sentences.filter(isKept);
    return sentences.length === 0 ? [] : [{ ...summary, sentences }];
  });
}

async function toldOf(
  granularity: Granularity,
  arcs: readonly ReadSummary[],
  input: Omit<Parameters<typeof episodicNarrative>[0], 'summaries'>,
  episodesToTell: () => Promise<readonly ReadSummary[]>,
): Promise<Narrative | null> {
  if (granularity === 'raw') return null;
  if (granularity === 'arc' && arcs.length > 0) return arcNarrative({ ...input, summaries: arcs });
  const summaries = await episodesToTell();
  // Until the first arc is made, what it will be made of is told as it will be.
  return granularity === 'arc'
    ? arcNarrative({ ...input, summaries: arcsOf(summaries) })
    : episodicNarrative({ ...input, summaries });
}

function firstTold(summaries: readonly ReadSummary[], order: readonly string[]): ReadSummary[] {
  const place = (summary: ReadSummary): number => {
    const at = order.indexOf(summary.id);
    return at === -1 ? order.length : at;
  };
  return [...summaries].sort((a, b) => place(a) - place(b) || b.from.getTime() - a.from.getTime());
}

/** Only empty when nothing passes the filters: a page beyond the last one does not make a life empty. */
async function standIn(
  recall: Recall,
  request: RetrieveRequest,
  found: RetrieveResult,
): Promise<RetrieveResult['memories']> {
  if (found.memories.length > 0 || found.total === 0) return found.memories;
  return (await recall.retrieve({ ...request, offset: 0 })).memories;
}
