import type { Memory, TurnMatch } from '../domain/memory';
import { countMemories, listMemories, turnsOf, type RecordedTurn } from '../record/recall-reads';
import { byPosition, findCandidates, relevancesOf, type ScoredMemory } from './candidates';
import { memoryScore } from './memory-score';
import { personaWeights, selectPersona } from './persona-weights';
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
const MOSTLY_WORDS = 0.65;
const MOSTLY_MEANING = 0.35;

/** See Recall.retrieve. */
export function createRetrieve(options: RecallOptions): Recall['retrieve'] {
  const { pool } = options;

  return async function retrieve(request) {
    const now = request.asOf ?? new Date();
    const filter = request.filter ?? {};
    const context = request.persona ?? {};
    const query = request.query?.trim() ? request.query : null;
    const persona = await selectPersona(context, query, options.classifier ?? null);
    const weights = personaWeights(persona.selected);

    if (query === null) {
      const order = request.sort ?? 'newest';
      const [memories, total] = await Promise.all([
        listMemories(pool, request, filter, { order, limit: request.limit, offset: request.offset }),
        countOnly(options, request),
      ]);
      return { memories: memories.map((memory) => unscored(memory, [], NO_QUERY)), total, persona, weights };
    }

    const found = await findCandidates(options, request, query, { filter, now });
    const relevances = relevancesOf(found.memories, found);
    const scored = found.memories
      .map((candidate, i) =>
        explained(candidate, relevances[i]!, { weights, now, mood: context.mood ?? null }),
      )
      .filter((memory) => memory.score > 0)
      .sort((a, b) => b.score - a.score || byPosition({ memory: a }, { memory: b }));

    const page = scored.slice(request.offset, request.offset + request.limit);
    const rest = await listMemories(pool, request, filter, {
      order: 'position',
      except: scored.map((memory) => memory.id),
      limit: Math.min(request.limit - page.length, Math.max(0, found.total - scored.length)),
      offset: Math.max(0, request.offset - scored.length),
    });
    const turns = await turnsByMemory(options, request, rest);
    return {
      memories: [
        ...page,
        ...rest.map((memory) => unscored(memory, turns.get(memory.id) ?? [], NOT_A_CANDIDATE)),
      ],
      total: found.total,
      persona,
      weights,
    };
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
  const ids = memories.filter((memory) => memory.tier === 'raw').map((memory) => memory.id);
  const byMemory = new Map<string, RecordedTurn[]>(ids.map((id) => [id, []]));
  for (const turn of await turnsOf(pool, request, ids)) byMemory.get(turn.memoryId)?.push(turn);
  return byMemory;
}

function explained(
  candidate: ScoredMemory,
  relevances: readonly number[],
  view: { weights: ReturnType<typeof personaWeights>; now: Date; mood: string | null },
): ExplainedMemory {
  const { memory, turns } = candidate;
  let best = 0;
  relevances.forEach((relevance, i) => {
    if (relevance > relevances[best]!) best = i;
  });
  const relevance = relevances[best] ?? 0;
  const { score, ...parts } = memoryScore(memory, relevance, view.weights, view.now, view.mood);
  const keyword = turns[best]?.keywordShare ?? 0;
  const matches = turns
    .flatMap(({ turn }, i) => (turn ? [matchOf(turn, relevances[i]!)] : []))
    .sort((a, b) => b.score - a.score);
  return {
    ...memory,
    score,
    relevance,
    matches,
    explain: { ...parts, keyword, reason: reasonOf(keyword, parts) },
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

function reasonOf(keyword: number, parts: Omit<Explanation, 'keyword' | 'reason'>): string {
  const by =
    keyword >= MOSTLY_WORDS
      ? 'shares words with the query'
      : keyword <= MOSTLY_MEANING
        ? 'is close to the query in meaning'
        : 'is close to the query in words and meaning';
  const others: [number, string][] = [
    [parts.temporal, 'recent'],
    [parts.importance, 'important'],
    [parts.emotional, 'felt'],
  ];
  const helped = others.filter(([part]) => part >= parts.semantic / 4).map(([, word]) => word);
  return helped.length > 0 ? `${by}; ${helped.join(', ')}` : by;
}
