import type { Pool as PgPool } from 'pg';
import { tenantName } from '../domain/ids';
import { invalid, UnavailableError } from '../domain/errors';
import type { Memory } from '../domain/memory';
import type { MemoryIndex } from '../index/memory-index';
import type { Embedder } from '../models/embedder';
import { countMemories, namesOf, restricts, type MemoryFilter, type Owner } from '../record/recall-reads';
import { headsAround, type RecordedTurn } from '../record/recall-turns';
import { backgroundShare, EVERYDAY_TERMS } from './background/share';
import { queryVector } from './query-vector';
import { asMeant, doubtfulTerms } from './scoring/as-meant';
import { CONTEXT_REACH_TURNS } from './scoring/contextual-bm25';
import { scorePool } from './scoring/fuse';
import { evidenceOf, gate, relevanceOf, type QuestionEvidence, type TurnEvidence } from './scoring/gate';
import { makePool } from './scoring/pool';
import { questionForEmbedding, readQuestion, type Question } from './scoring/question';
import { nearestTerms } from './spelling';
import type { TurnStore } from './turn-store';

/** How many memories stage one asks the index for, by how many there are. */
const SMALL_STORE = { memories: 1_000, candidates: 50 };
const MIDDLE_STORE = { memories: 3_000, candidates: 120 };
const LARGE_STORE_CANDIDATES = 200;
/** A filter that leaves many memories is applied after the search, which then has to bring more. */
const OVER_FETCH = 4;
/** The index is asked for so many words that a misspelt one may stand for. */
const SPELLINGS_A_TERM = 3;
/** A neighbour's own context, and the turn itself. */
const REACH_TURNS = CONTEXT_REACH_TURNS + 1;

const SURROGATE = /[\ud800-\udfff]/;

export interface RecallDependencies {
  pool: PgPool;
  index: MemoryIndex;
  embedder: Embedder | null;
}

/** A turn of a candidate, scored. A memory that speaks for itself is a turn of its own without a message. */
export interface ScoredTurn {
  turn: RecordedTurn | null;
  pooled: number;
  keywordShare: number;
  evidence: TurnEvidence;
}

export interface ScoredMemory {
  memory: Memory;
  turns: ScoredTurn[];
}

/** By words, by meaning, or by both. */
export type SearchMode = 'keyword' | 'vector' | 'hybrid';

/** What one question finds. */
export interface Candidates {
  /** By conversation, first seq, id: the order of ties. */
  memories: ScoredMemory[];
  /** All memories that pass the filter. */
  total: number;
  question: QuestionEvidence;
  /** The question's vector, if it has one. */
  vector: Float32Array | null;
}

/**
 * The cascade: one search of the index for ids, one read of where they lie, what is said there from the record or
 * from this process's memory, then the scoring of every turn in this process.
 * @throws UnavailableError when the index or the record is out of reach
 */
export async function findCandidates(
  dependencies: RecallDependencies,
  turnStore: TurnStore,
  owner: Owner,
  query: string,
  options: { filter: MemoryFilter; now: Date; countAtMost?: number; mode?: SearchMode | undefined },
): Promise<Candidates> {
  const { pool, index } = dependencies;
  // Counting takes about as long as embedding does.
  const [question, passing] = await Promise.all([
    understood(dependencies, owner, query, options.now, options.mode ?? 'hybrid'),
    countMemories(pool, owner, options.filter, options.countAtMost ?? null),
  ]);
  const hits = await index.search(tenantName(owner.namespace, owner.userId), {
    terms: [...question.terms, ...otherSpellings(question)].join(' '),
    vector: question.vector,
    ...searchSize(passing, restricts(options.filter)),
  });
  const nothing: Candidates = {
    memories: [],
    total: passing.total,
    question: evidenceOfQuestion(question),
    vector: question.vector,
  };
  if (hits.length === 0 || passing.total === 0) return nothing;

  const ids = hits.map((hit) => hit.id);
  const heads = await headsAround(pool, owner, options.filter, ids, REACH_TURNS);
  const { turns, memories } = await turnStore.load(owner, heads, REACH_TURNS);
  const byId = new Map<string, ScoredMemory>(memories.map((memory) => [memory.id, { memory, turns: [] }]));
  const turnPool = makePool(turns, ({ memoryId }) => byId.has(memoryId));
  const meant = asMeant(question, turnPool);
  const scored = scorePool(turnPool, meant, backgroundShare);
  const evidences = evidenceOf(scored, meant);
  scored.pool.turns.forEach(({ memoryId, recorded }, i) => {
    const { pooled, keywordShare } = scored.scores[i]!;
    byId.get(memoryId)?.turns.push({ turn: recorded, pooled, keywordShare, evidence: evidences[i]! });
  });
  return {
    ...nothing,
    question: evidenceOfQuestion(meant),
    memories: [...byId.values()].sort(byPosition),
  };
}

function evidenceOfQuestion(question: Question & { contentTerms: number }): QuestionEvidence {
  const { contentTerms, mentioned, terms, properTerms, phatic } = question;
  return { contentTerms, namesParticipant: mentioned.size > 0, terms, properTerms, phatic };
}

/** Everyday words that the doubtful terms of a question may stand for: what the index is asked for besides. */
function otherSpellings(question: Question): string[] {
  return doubtfulTerms(question).flatMap((term) =>
    nearestTerms(term, EVERYDAY_TERMS).slice(0, SPELLINGS_A_TERM),
  );
}

/** The question as scoring takes it: with its terms, its vector, or both. */
async function understood(
  { pool, embedder }: RecallDependencies,
  owner: Owner,
  query: string,
  now: Date,
  mode: SearchMode,
): Promise<Question & { contentTerms: number }> {
  if (mode === 'vector' && !embedder)
    throw invalid([
      { path: 'mode', message: 'vector needs an embedder, and this server has none: use keyword' },
    ]);
  const names = await namesOf(pool, owner);
  const vector = mode === 'keyword' ? null : await queryVector(embedder, questionForEmbedding(query, names));
  if (mode === 'vector' && !vector)
    throw new UnavailableError('embedder', 'the embedder gives no vector for the query now');
  const question = readQuestion(query, names, vector, now);
  const contentTerms = question.terms.length;
  if (mode === 'vector') return { ...question, terms: [], phrases: [], properTerms: [], contentTerms };
  // Who asks for keywords means just these.
  const takesRelatedWords = question.takesRelatedWords && mode !== 'keyword';
  return { ...question, takesRelatedWords, contentTerms };
}

/** The relevance of each turn of each memory, on one scale, as if there were no other memories. */
export function relevancesOf(
  memories: readonly ScoredMemory[],
  found: Pick<Candidates, 'question' | 'total'>,
): number[][] {
  const turns = memories.flatMap((memory) => memory.turns);
  const gated = gate(
    found.question,
    turns.map((turn) => turn.evidence),
    found.total,
  );
  const best = turns.reduce((most, turn) => Math.max(most, turn.pooled), 0);
  return memories.map((memory) => memory.turns.map((turn) => relevanceOf(gated, turn.pooled, best)));
}

/** The order of ties: conversation, first seq, id; by code points, as the record sorts, and what has none last. */
export function byPosition(a: { memory: Memory }, b: { memory: Memory }): number {
  return (
    compareText(a.memory.conversationId, b.memory.conversationId) ||
    (a.memory.firstSeq ?? Infinity) - (b.memory.firstSeq ?? Infinity) ||
    compareText(a.memory.id, b.memory.id)
  );
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  // Only beyond the basic plane do code units and code points sort differently.
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function searchSize(
  passing: { total: number; ids: string[] | null },
  filtered: boolean,
): { limit: number; ids?: string[] } {
  const { total, ids } = passing;
  const size =
    total <= SMALL_STORE.memories
      ? SMALL_STORE.candidates
      : total <= MIDDLE_STORE.memories
        ? MIDDLE_STORE.candidates
        : LARGE_STORE_CANDIDATES;
  if (ids) return { limit: size, ids };
  return { limit: filtered ? size * OVER_FETCH : size };
}
