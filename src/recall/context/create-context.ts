import { isNearIdentical, likenessOf } from '../../domain/likeness';
import { speakerOf } from '../../domain/message';
import type { Owner } from '../../record/recall-reads';
import { byPosition, findCandidates, relevancesOf, type ScoredMemory, type ScoredTurn } from '../candidates';
import { withBorrowedSubject } from '../follow-up';
import { beforeQuestion, readLookback } from '../lookback';
import { memoryScore } from '../memory-score';
import { personaWeights, selectPersona, type PersonaContext } from '../persona-weights';
import type { RecallOptions } from '../recall';
import { termsOf } from '../terms';
import type { TurnStore } from '../turn-store';
import { contextBlock, type ContextBlock, type ContextTurn } from './block';
import { episodesSection, latestEpisodes } from './episodes';
import { identitySection } from './identity';

/** The context needs no total, only whether the store is small or large. */
const COUNT_AT_MOST = 5_000;

/** The best turns that a block of usual size shows: what they say is not told twice. */
const LIKELY_SHOWN = 30;

/** What a prompt is to be given for a question. */
export interface ContextRequest extends Owner {
  query: string;
  /** Where it is asked: what the model sees there is left out, and helps to read a follow-up. */
  conversationId?: string | null | undefined;
  /** Tokens that the block may have (see countTokens). */
  maxTokens: number;
  persona?: PersonaContext | undefined;
  /** When it is asked; now by default. */
  asOf?: Date | undefined;
}

/** See Recall.context. */
export function createContext(
  options: RecallOptions,
  turnStore: TurnStore,
): (request: ContextRequest) => Promise<ContextBlock> {
  return async function context(request) {
    const now = request.asOf ?? new Date();
    const conversationId = request.conversationId ?? null;
    const lookback =
      conversationId === null
        ? []
        : await readLookback(options.pool, { ...request, conversationId }, options.lookbackMessages);
    const query = withBorrowedSubject(request.query, beforeQuestion(lookback, request.query));
    const [found, identity, latest] = await Promise.all([
      findCandidates(options, turnStore, request, query, { filter: {}, now, countAtMost: COUNT_AT_MOST }),
      identitySection(options, turnStore, request),
      latestEpisodes(options.pool, request),
    ]);
    const persona = await selectPersona(
      request.persona ?? {},
      request.query,
      found.vector,
      options.classifier ?? null,
    );
    const seen = new Set(lookback.map((turn) => turn.seq));
    const unseen = found.memories.map((scored) => ({
      ...scored,
      turns: scored.turns.filter(
        ({ turn }) => !(turn && turn.conversationId === conversationId && seen.has(turn.seq)),
      ),
    }));
    const view = {
      weights: personaWeights(persona.selected, options.personaWeights),
      now,
      mood: request.persona?.mood ?? null,
    };
    const relevances = relevancesOf(unseen, found);
    const ranked = unseen
      .flatMap((scored, i) =>
        scored.turns.map((turn, j) => ({
          scored,
          turn: contextTurn(scored, turn),
          score: memoryScore(scored.memory, relevances[i]![j]!, view.weights, view.now, view.mood).score,
        })),
      )
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || byPosition(a.scored, b.scored) || a.turn.seq - b.turn.seq)
      .map(({ turn }) => turn);
    const visible = [...lookback, { content: request.query }];
    const episodes = episodesSection(latest, {
      conversationId,
      memoryIds: new Set(ranked.slice(0, LIKELY_SHOWN).map((turn) => turn.memoryId)),
    });
    return contextBlock(
      [identity, episodes],
      withoutRepetitions(ranked, visible),
      new Set(termsOf(query)),
      request.maxTokens,
    );
  };
}

function contextTurn({ memory }: ScoredMemory, { turn }: ScoredTurn): ContextTurn {
  return {
    memoryId: memory.id,
    messageId: turn?.messageId ?? null,
    speaker: turn ? speakerOf(turn) : null,
    content: turn?.content ?? memory.content,
    saidAt: turn?.saidAt ?? memory.createdAt,
    seq: turn?.seq ?? 0,
  };
}

/** The first of those that say the same, and none that says what the model sees; compared as they are asked for. */
function* withoutRepetitions(
  turns: readonly ContextTurn[],
  visible: readonly { content: string }[],
): Generator<ContextTurn> {
  const said = visible.map(({ content }) => likenessOf(content, termsOf(content)));
  for (const turn of turns) {
    const likeness = likenessOf(turn.content, termsOf(turn.content));
    if (said.some((other) => isNearIdentical(likeness, other))) continue;
    said.push(likeness);
    yield turn;
  }
}
