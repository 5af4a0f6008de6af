import type { ConversationRef, Turn } from '../domain/message';
import { TURN_COLUMNS, turnFromRow, type TurnRow } from './messages';
import { run, type Queryable } from './pool';

/** The vector of one turn, quantized. */
export interface TurnVector {
  seq: number;
  vector: Buffer;
}

const SAVE = {
  name: 'save-turn-vectors',
  text: `INSERT INTO turn_vectors (namespace, user_id, conversation_id, seq, embedder, vector)
         SELECT $1, $2, $3, v.seq, $4, v.vector FROM unnest($5::bigint[], $6::bytea[]) AS v (seq, vector)
         ON CONFLICT (namespace, user_id, conversation_id, seq, embedder) DO NOTHING`,
};

/** Keeps turns' vectors; those that are there already stay, so that a retry computes the same index objects. */
export async function saveTurnVectors(
  on: Queryable,
  ref: ConversationRef,
  embedderName: string,
  vectors: readonly TurnVector[],
): Promise<void> {
  await run(on, SAVE, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
    embedderName,
    vectors.map((v) => v.seq),
    vectors.map((v) => v.vector),
  ]);
}

const READ = {
  name: 'read-turn-vectors',
  text: `SELECT seq, vector FROM turn_vectors
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND embedder = $4 AND seq BETWEEN $5 AND $6`,
};

/** The vectors kept for a range of turns: a retry does not embed again what was embedded before. */
export async function readTurnVectors(
  on: Queryable,
  ref: ConversationRef,
  embedderName: string,
  firstSeq: number,
  lastSeq: number,
): Promise<Map<number, Buffer>> {
  const values = [ref.namespace, ref.userId, ref.conversationId, embedderName, firstSeq, lastSeq];
  const result = await run<{ seq: number; vector: Buffer }>(on, READ, values);
  return new Map(result.rows.map((row) => [row.seq, row.vector]));
}

const WITH_TURNS = {
  name: 'turns-with-vectors',
  text: `SELECT ${TURN_COLUMNS}, v.vector FROM messages
           LEFT JOIN (SELECT seq AS of_seq, vector FROM turn_vectors
                       WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND embedder = $6
                         AND seq BETWEEN $4 AND $5) v ON v.of_seq = seq
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND seq BETWEEN $4 AND $5 ORDER BY seq`,
};

/**
 * The turns `firstSeq` to `lastSeq`, in order, and the vectors kept for them.
 * @param embedderName null: there is none, and no vectors
 */
export async function readTurnsWithVectors(
  on: Queryable,
  ref: ConversationRef,
  embedderName: string | null,
  firstSeq: number,
  lastSeq: number,
): Promise<{ turns: Turn[]; vectors: Map<number, Buffer> }> {
  const values = [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq, embedderName];
  const { rows } = await run<TurnRow & { vector: Buffer | null }>(on, WITH_TURNS, values);
  const vectors = new Map<number, Buffer>();
  for (const row of rows) if (row.vector) vectors.set(row.seq, row.vector);
  return { turns: rows.map(turnFromRow), vectors };
}
