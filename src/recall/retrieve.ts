import { speaksForItself, type Memory, type TurnMatch } from '../domain/memory';
import { countMemories, listMemories } from '../record/recall-reads';
import { turnsIn, type RecordedTurn } from '../record/recall-turns';
import { byPosition, findCandidates, relevancesOf, type ScoredMemory } from './candidates';
import { repetitionFactors } from './diversity';
import { withBorrowedSubject } from './follow-up';
import { beforeQuestion, readLookback } from './lookback';
import { reasonOf } from './explain-reason';
import { memoryScore, type ScoreParts } from './memory-score';
import { personaWeights, selectPersona, type PersonaWeights } from './persona-weights';
import type { TurnStore } from './turn-store';
import type { ExplainedMemory, Explanation, Recall, RecallOptions, RetrieveRequest } from './recall';

const NO_QUERY: Explanation = {
  semantic: 0,
  temporal: 0,
  importance: 0,
  emotional: 0,
  keyword: 0,
  reason: 'listed by time, without a query',
};
const NOT_A_CANDIDATE: Explanation = { ...NO_QUERY, reason: 'nothing in it answers the query' };
const REPEATS = 'says the same as one before it';

/** See Recall.retrieve. */
export function createRetrieve(options: RecallOptions, turnStore: TurnStore): Recall['retrieve'] {
  const { pool } = options;

  return async function retrieve(request) {
    const now = request.asOf ?? new Date();
    const filter = request.filter ?? {};
    const context = request.persona ?? {};
    const query = request.query?.trim() ? request.query : null;
    const classifier = options.classifier ?? null;

    if (query === null) {
      const persona = await selectPersona(context, null, null, classifier);
      const weights = personaWeights(persona.selected, options.personaWeights);
      const order = request.sort ?? 'newest';
      const [memories, total] = await Promise.all([
        listMemories(pool, request, filter, { order, limit: request.limit, offset: request.offset }),
        countOnly(options, request),
      ]);
      return { memories: memories.map((memory) => unscored(memory, [], NO_QUERY)), total, persona, weights };
    }

    const found = await findCandidates(
      options,
      turnStore,
      request,
      await inContext(options, request, query),
      {
        filter,
        now,
        mode: request.mode,
      },
    );
    const persona = await selectPersona(context, query, found.vector, classifier);
    const weights = personaWeights(persona.selected, options.personaWeights);
    const relevances = relevancesOf(found.memories, found);
    const view = { weights, now, mood: context.mood ?? null };
    const scored = spread(
      found.memories
        .map((candidate, i) => judged(candidate, relevances[i]!, view))
        .filter(({ parts }) => parts.score > 0)
        .sort(byScore),
    );

    const page = scored.slice(request.offset, request.offset + request.limit);
    const rest = await listMemories(pool, request, filter, {
      order: 'position',
      except: scored.map(({ candidate }) => candidate.memory.id),
      limit: Math.min(request.limit - page.length, Math.max(0, found.total - scored.length)),
      offset: Math.max(0, request.offset - scored.length),
    });
    const turns = await turnsByMemory(options, request, rest);
    return {
      memories: [
        ...page.map((one) => explained(one, now, view.mood)),
        ...rest.map((memory) => unscored(memory, turns.get(memory.id) ?? [], NOT_A_CANDIDATE)),
      ],
      total: found.total,
      persona,
      weights,
    };
  };
}

/** The query with what a follow-up leaves unsaid, when it is known where it is asked. */
async function inContext(options: RecallOptions, request: RetrieveRequest, query: string): Promise<string> {
  const { namespace, userId, conversationId } = request;
  if (!conversationId) return query;
  const lookback = await readLookback(
    options.pool,
    { namespace, userId, conversationId },
    options.lookbackMessages,
  );
  return withBorrowedSubject(query, beforeQuestion(lookback, query));
}

function byScore(a: JudgedMemory, b: JudgedMemory): number {
  return b.parts.score - a.parts.score || byPosition(a.candidate, b.candidate);
}

/** Memories that only repeat better ones stand further down, by a lower score. */
function spread(ranked: readonly JudgedMemory[]): JudgedMemory[] {
  const factors = repetitionFactors(ranked.map(({ candidate }) => candidate.memory));
  return ranked
    .map((one, i) =>
      factors[i] === 1 ? one : { ...one, repeats: true, parts: scaled(one.parts, factors[i]!) },
    )
    .sort(byScore);
}

function scaled(parts: ScoreParts, factor: number): ScoreParts {
  return {
    score: parts.score * factor,
    semantic: parts.semantic * factor,
    temporal: parts.temporal * factor,
    importance: parts.importance * factor,
    emotional: parts.emotional * factor,
  };
}

async function countOnly({ pool }: RecallOptions, request: RetrieveRequest): Promise<number> {
  return (await countMemories(pool, request, request.filter ?? {})).total;
}

async function turnsByMemory(
  { pool }: RecallOptions,
  request: RetrieveRequest,
  memories: readonly Memory[],
): Promise<Map<string, RecordedTurn[]>> {
  const raw = memories.flatMap((memory) => {
    const { id, conversationId, firstSeq, lastSeq } = memory;
    return speaksForItself(memory) || conversationId === null || firstSeq === null || lastSeq === null
      ? []
      : [{ id, conversationId, firstSeq, lastSeq }];
  });
  const turns = await turnsIn(pool, request, raw, null);
  turns.sort((a, b) => a.seq - b.seq);
  return new Map(
    raw.map((range) => [
      range.id,
      turns.filter(
        (turn) =>
          turn.conversationId === range.conversationId &&
          turn.seq >= range.firstSeq &&
          turn.seq <= range.lastSeq,
      ),
    ]),
  );
}

interface JudgedMemory {
  candidate: ScoredMemory;
  relevances: readonly number[];
  /** The place of its best turn. */
  best: number;
  parts: ScoreParts;
  /** It says no more than one before it. */
  repeats?: boolean;
}

function judged(
  candidate: ScoredMemory,
  relevances: readonly number[],
  view: { weights: PersonaWeights; now: Date; mood: string | null },
): JudgedMemory {
  let best = 0;
  relevances.forEach((relevance, i) => {
    if (relevance > relevances[best]!) best = i;
  });
  const parts = memoryScore(candidate.memory, relevances[best] ?? 0, view.weights, view.now, view.mood);
  return { candidate, relevances, best, parts };
}

function explained(
  { candidate, relevances, best, parts: { score, ...parts }, repeats }: JudgedMemory,
  now: Date,
  mood: string | null,
): ExplainedMemory {
  const { memory, turns } = candidate;
  const keyword = turns[best]?.keywordShare ?? 0;
  const relevance = relevances[best] ?? 0;
  const spoken = turns.flatMap(({ turn }) => (turn ? [turn] : []));
  const matches = turns
    .flatMap(({ turn }, i) => (turn ? [matchOf(turn, relevances[i]!)] : []))
    .sort((a, b) => b.score - a.score);
  return {
    ...memory,
    score,
    relevance,
    matches,
    explain: {
      ...parts,
      keyword,
      reason: repeats ? REPEATS : reasonOf(memory, spoken, { ...parts, relevance, keyword }, { now, mood }),
    },
  };
}

function unscored(memory: Memory, turns: readonly RecordedTurn[], explain: Explanation): ExplainedMemory {
  return { ...memory, score: 0, relevance: 0, matches: turns.map((turn) => matchOf(turn, 0)), explain };
}

function matchOf(turn: RecordedTurn, score: number): TurnMatch {
  return {
    messageId: turn.messageId,
    role: turn.role,
    name: turn.name,
    content: turn.content,
    timestamp: turn.saidAt,
    score,
  };
}
