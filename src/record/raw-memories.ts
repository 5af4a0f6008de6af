import type { Memory } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import { INSERT_MEMORIES, LIVE_MEMORY, isWithdrawn, savedRow } from './memories';
import { run, type Queryable } from './pool';
import type { MemoryReading } from './readings';

/** A raw memory and what its turns were read as. */
export interface ReadMemory {
  memory: Memory;
  reading: MemoryReading;
}

/** What is not to be indexed of a range of turns. */
export interface Unfit {
  /** Ids of raw memories that can no longer be recalled, or do not say any more what their turns say. */
  memories: Set<string>;
  /** Turns that must not help to index others: of what was deleted, has expired, or was rewritten by hand. */
  turns: Set<number>;
}

const UNFIT = (conversationId: string, firstSeq: string, lastSeq: string): string =>
  `SELECT m.id, m.first_seq, m.last_seq, ${isWithdrawn('m')} AS withdrawn
     FROM memories m
    WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = ${conversationId} AND m.tier = 'raw'
      AND m.first_seq <= ${lastSeq} AND m.last_seq >= ${firstSeq} AND (m.content_edited OR NOT (${LIVE_MEMORY}))`;

interface UnfitRow {
  id: string;
  first_seq: number;
  last_seq: number;
  withdrawn: boolean;
}

const READ = { name: 'unfit-memories', text: UNFIT('$3', '$4', '$5') };

/** What is not to be indexed of the turns `firstSeq` to `lastSeq`. */
export async function unfitMemories(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  lastSeq: number,
): Promise<Unfit> {
  const values = [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq];
  return unfitOf((await run<UnfitRow>(on, READ, values)).rows, firstSeq, lastSeq);
}

// What is inserted here cannot be seen here: a reading is kept of what is new, and of what was there and has a content.
const SAVE = {
  name: 'save-raw-memories',
  text: `WITH saved AS (${INSERT_MEMORIES} RETURNING id),
         readings AS (
           INSERT INTO memory_readings (namespace, user_id, memory_id, personas, trades)
           SELECT $1, $2, r.memory_id, r.personas, r.trades
             FROM jsonb_to_recordset($4) AS r (memory_id uuid, personas jsonb, trades jsonb)
            WHERE r.memory_id IN (SELECT id FROM saved)
               OR EXISTS (SELECT 1 FROM memories m
                           WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = r.memory_id AND m.content <> '')
           ON CONFLICT (namespace, user_id, memory_id) DO NOTHING)
         ${UNFIT('$5', '$6', '$7')}`,
};

/**
 * Stores raw memories of one conversation with what they were read as; what is there already (a retry) stays as it is,
 * deleted or not.
 * @returns what is not to be indexed of the turns `firstSeq` to `lastSeq`
 */
export async function saveRawMemories(
  on: Queryable,
  ref: ConversationRef,
  works: readonly ReadMemory[],
  firstSeq: number,
  lastSeq: number,
): Promise<Unfit> {
  const readings = works.map(({ memory, reading: { personas, trades } }) => ({
    memory_id: memory.id,
    personas,
    trades: trades.length > 0 ? trades : null,
  }));
  const { rows } = await run<UnfitRow>(on, SAVE, [
    ref.namespace,
    ref.userId,
    JSON.stringify(works.map(({ memory }) => savedRow(memory))),
    JSON.stringify(readings),
    ref.conversationId,
    firstSeq,
    lastSeq,
  ]);
  return unfitOf(rows, firstSeq, lastSeq);
}

function unfitOf(rows: readonly UnfitRow[], firstSeq: number, lastSeq: number): Unfit {
  const unfit: Unfit = { memories: new Set(), turns: new Set() };
  for (const row of rows) {
    unfit.memories.add(row.id);
    if (!row.withdrawn) continue;
    for (let seq = Math.max(row.first_seq, firstSeq); seq <= Math.min(row.last_seq, lastSeq); seq += 1)
      unfit.turns.add(seq);
  }
  return unfit;
}
