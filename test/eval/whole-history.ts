import { createLocalEmbedder } from '../../src/models/local-embedder';
import { defaultModelDir } from '../../src/models/model-files';
import { scaledFromInt8, toInt8 } from '../../src/models/quantize';
import { backgroundShare } from '../../src/recall/background/share';
import { embeddingTextOf } from '../../src/recall/index-terms';
import { asMeant } from '../../src/recall/scoring/as-meant';
import { scorePool, type FuseWeights } from '../../src/recall/scoring/fuse';
import { makePool, type Pool, type PoolTurn } from '../../src/recall/scoring/pool';
import { questionForEmbedding, readQuestion } from '../../src/recall/scoring/question';
import type { EvalConversation } from './locomo';
import type { AnsweredQuestion } from './recall-figures';

const TEXTS_A_CALL = 256;
/** When the questions are asked: after all conversations. */
const ASKED_AT = new Date('2026-01-01T00:00:00Z');

export interface EvalPoolTurn extends PoolTurn {
  messageId: string;
}

/** The turns of a conversation as recall scores them, without vectors. */
export function poolTurns(conversation: EvalConversation, nameless = false): EvalPoolTurn[] {
  const seqs = new Map<string, number>();
  return conversation.turns.map((turn) => {
    const seq = (seqs.get(turn.sessionId) ?? 0) + 1;
    seqs.set(turn.sessionId, seq);
    return {
      messageId: turn.messageId,
      conversationId: turn.sessionId,
      seq,
      role: 'user',
      name: nameless ? null : turn.name,
      content: turn.content,
      saidAt: turn.saidAt,
      vector: null,
    };
  });
}

/** Vectors of texts by the local embedder, each text once. */
export async function vectorsOf(
  texts: Iterable<string>,
  say: (line: string) => void,
): Promise<Map<string, Float32Array>> {
  const list = [...new Set(texts)];
  const vectors = new Map<string, Float32Array>();
  const embedder = createLocalEmbedder({ modelDir: defaultModelDir(), threads: 2 });
  try {
    for (let i = 0; i < list.length; i += TEXTS_A_CALL) {
      const part = list.slice(i, i + TEXTS_A_CALL);
      const embedded = await embedder.embed(part, { purpose: 'document' });
      part.forEach((text, k) => vectors.set(text, embedded[k]!));
      say(`${vectors.size} of ${list.length} texts embedded`);
    }
  } finally {
    await embedder.close();
  }
  return vectors;
}

/** Conversations ready to be asked in this process, each its own pool: what the cascade comes close to. */
export interface WholeHistories {
  pools: ReadonlyMap<EvalConversation, Pool<EvalPoolTurn>>;
  /** Empty: by words alone. */
  vectors: ReadonlyMap<string, Float32Array>;
}

export async function wholeHistories(
  conversations: readonly EvalConversation[],
  say: (line: string) => void,
): Promise<WholeHistories> {
  const texts = conversations.flatMap((conversation) => [
    ...poolTurns(conversation).map(embeddingTextOf),
    ...conversation.questions.map(({ text }) => questionForEmbedding(text, conversation.names)),
  ]);
  return withVectors(conversations, await vectorsOf(texts, say));
}

/** The same with other vectors, or none. */
export function withVectors(
  conversations: readonly EvalConversation[],
  vectors: ReadonlyMap<string, Float32Array>,
): WholeHistories {
  const pools = new Map(
    conversations.map((conversation) => {
      const turns = poolTurns(conversation).map((turn) => {
        const vector = vectors.get(embeddingTextOf(turn));
        return { ...turn, vector: vector ? scaledFromInt8(toInt8(vector)) : null };
      });
      return [conversation, makePool(turns)];
    }),
  );
  return { pools, vectors };
}

/** Every question with its conversation's turns, best first. */
export function askWhole({ pools, vectors }: WholeHistories, weights: FuseWeights): AnsweredQuestion[] {
  return [...pools].flatMap(([conversation, pool]) =>
    conversation.questions.map(({ text, category, evidence }) => {
      const vector = vectors.get(questionForEmbedding(text, conversation.names)) ?? null;
      const question = asMeant(readQuestion(text, conversation.names, vector, ASKED_AT), pool);
      const { scores } = scorePool(pool, question, backgroundShare, weights);
      const turns = pool.turns
        .map(({ messageId, content }, i) => ({ messageId, content, score: scores[i]!.pooled }))
        .sort((a, b) => b.score - a.score);
      return { conversation: conversation.id, category, evidence, turns };
    }),
  );
}
