import { topInjections, type InjectionCandidate, type InjectionCandidates } from '../domain/injection';
import type { Injection, RecalledMemory } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import type { MemoryFilter, Owner } from '../record/recall-reads';
import type { ContextBlock } from './context/block';
import { createContext, type ContextRequest } from './context/create-context';
import {
  findCandidates,
  relevancesOf,
  type Candidates,
  type RecallDependencies,
  type ScoredMemory,
  type SearchMode,
} from './candidates';
import { asksBroadly } from './broad-question';
import { withBorrowedSubject } from './follow-up';
import { beforeQuestion, readLookback } from './lookback';
import type { ChosenPersona } from '../domain/persona-choice';
import type { PersonaClassifier } from '../models/persona-classifier';
import type { ConfiguredWeights, PersonaContext, PersonaWeights } from './persona-weights';
import { readSummaries } from './read-summaries';
import { createRetrieve } from './retrieve';
import { summaryCandidates, summaryRelevances } from './summary-candidates';
import { termsOf } from './terms';
import { createTurnStore } from './turn-store';

/** Injections need no total, only whether the store is small or large. */
const COUNT_AT_MOST = 5_000;

/** Of a long history the latest: what a summary takes to read is in the way of a waiting message. */
const SUMMARIES_CONSIDERED = 50;

/** A question to a user's memories. */
export interface RetrieveRequest extends Owner {
  /** Null: list by time. */
  query: string | null;
  limit: number;
  offset: number;
  /** Of lists without a query; newest by default. */
  sort?: 'newest' | 'oldest' | undefined;
  filter?: MemoryFilter | undefined;
  persona?: PersonaContext | undefined;
  /** By words, by meaning, or by both, as by default. */
  mode?: SearchMode | undefined;
  /** Where it is asked: its last turns help to read a follow-up. */
  conversationId?: string | null | undefined;
  /** When it is asked; now by default. */
  asOf?: Date | undefined;
}

/** Why a memory stands where it does: semantic, temporal, importance and emotional add up to its score. */
export interface Explanation {
  semantic: number;
  temporal: number;
  importance: number;
  emotional: number;
  /** The share of the relevance that is words, 0..1. */
  keyword: number;
  /** One line. */
  reason: string;
}

export interface ExplainedMemory extends RecalledMemory {
  explain: Explanation;
}

export interface RetrieveResult {
  memories: ExplainedMemory[];
  /** All memories that pass the filter, with or without a query. */
  total: number;
  persona: ChosenPersona;
  weights: PersonaWeights;
}

/** What is known of the message that memories are looked for. */
export interface InjectionQuery {
  content: string;
  timestamp?: Date | null;
}

export interface RecallCandidate extends InjectionCandidate {
  /** Null: a summary, which is as relevant as what it says something of. */
  scored: ScoredMemory | null;
}

export type RecallCandidates = InjectionCandidates<RecallCandidate>;

/** Answers from a user's memories; never from another's, never with what was deleted, superseded or has expired. */
export interface Recall {
  /** @throws UnavailableError('weaviate') when there is a query and the index is out of reach */
  retrieve(request: RetrieveRequest): Promise<RetrieveResult>;
  /**
   * What could be injected beside a message; slow, so before its conversation is locked. decideInjections decides.
   * @throws UnavailableError('weaviate') when the index is out of reach
   */
  prepareInjections(
    ref: ConversationRef,
    message: InjectionQuery,
    lookback: readonly { content: string }[],
  ): Promise<RecallCandidates>;
  /** The best memories for a query about a conversation; no threshold, cap, cooldown or look-back. */
  topInjections(
    ref: ConversationRef,
    query: string,
    page: { limit: number; offset: number },
  ): Promise<Injection[]>;
  /**
   * A block for a prompt: who the user is, and the turns that answer a question.
   * @throws UnavailableError('weaviate') when the index is out of reach
   */
  context(request: ContextRequest): Promise<ContextBlock>;
}

export interface RecallOptions extends RecallDependencies {
  /** Reads questions; without one they have the persona that the request says. */
  classifier?: PersonaClassifier | null;
  /** Of personas that configuration adds. */
  personaWeights?: ConfiguredWeights;
  /** The look-back of conversations that did not set their own. */
  lookbackMessages?: number;
}

/** Puts recall together. */
export function createRecall(options: RecallOptions): Recall {
  const turnStore = createTurnStore(options.pool, options.embedder?.name ?? null);
  const candidatesFor = async (
    ref: ConversationRef,
    message: InjectionQuery,
    lookback: readonly { content: string }[],
    withSummaries: boolean,
  ): Promise<RecallCandidates> => {
    const query = withBorrowedSubject(message.content, lookback);
    const now = message.timestamp ?? new Date();
    const found = await findCandidates(options, turnStore, ref, query, {
      filter: {},
      now,
      countAtMost: COUNT_AT_MOST,
    });
    const memories = found.memories.map(asCandidate);
    const summaries =
      withSummaries && asksBroadly(query) && memories.length > 0
        ? summaryCandidates(
            await readSummaries(options.pool, ref, { limit: SUMMARIES_CONSIDERED }),
            new Map(memories.map((memory) => [memory.memoryId, memory.sourceMessageIds])),
          )
        : [];
    return {
      // Of equals the first is injected: a summary in place of what it says something of.
      memories: [...summaries.map((summary) => ({ ...summary, scored: null })), ...memories],
      termsOf,
      relevances: (kept) => relevancesWithSummaries(kept, found),
    };
  };

  return {
    retrieve: createRetrieve(options, turnStore),
    context: createContext(options, turnStore),
    prepareInjections: (ref, message, lookback) => candidatesFor(ref, message, lookback, true),
    async topInjections(ref, query, page) {
      const lookback = await readLookback(options.pool, ref, options.lookbackMessages);
      const candidates = await candidatesFor(ref, { content: query }, beforeQuestion(lookback, query), false);
      return topInjections(candidates, ref.conversationId, page);
    },
  };
}

function relevancesWithSummaries(kept: readonly RecallCandidate[], found: Candidates): number[] {
  const scored = kept.flatMap((candidate) => candidate.scored ?? []);
  const ofMemories = new Map(
    relevancesOf(scored, found).map((ofTurns, i) => [scored[i]!.memory.id, Math.max(0, ...ofTurns)]),
  );
  const summaries = kept.filter((candidate) => candidate.scored === null);
  const ofSummaries = summaryRelevances(
    summaries.map(({ citedMemoryIds }) => ({ citedMemoryIds: citedMemoryIds ?? [] })),
    (id) => ofMemories.get(id) ?? 0,
  );
  return kept.map(
    (candidate) => ofMemories.get(candidate.memoryId) ?? ofSummaries[summaries.indexOf(candidate)] ?? 0,
  );
}

function asCandidate(scored: ScoredMemory): RecallCandidate {
  const { memory, turns } = scored;
  const said = turns.flatMap((turn) => (turn.turn ? [turn.turn.content] : []));
  return {
    memoryId: memory.id,
    content: memory.content,
    layer: memory.layer,
    conversationId: memory.conversationId,
    sourceMessageIds: memory.sourceMessageIds,
    texts: said.length > 0 ? said : [memory.content],
    scored,
  };
}
