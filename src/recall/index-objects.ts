import { speaksForItself, type Memory } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import type { IndexObject } from '../index/memory-index';
import { fromInt8, meanOfInt8 } from '../models/quantize';
import { CONTEXT_TURNS } from '../record/facts';
import { readMemoryVectors } from '../record/memory-vectors';
import type { Queryable } from '../record/pool';
import { unfitMemories } from '../record/raw-memories';
import type { Owner } from '../record/recall-reads';
import { readTurnsWithVectors } from '../record/turn-vectors';
import { indexTermsOf, type IndexedTurn } from './index-terms';

/**
 * What the index is to hold of memories, from nothing but the record: whoever computes it, whenever, gets the same
 * objects. Summaries are not in the index.
 * @param embedderName whose vectors; null without an embedder
 */
export async function indexObjectsOf(
  on: Queryable,
  owner: Owner,
  memories: readonly Memory[],
  embedderName: string | null,
): Promise<IndexObject[]> {
  const own = memories.filter(speaksForItself);
  const ids = own.map((memory) => memory.id);
  const vectors = embedderName
    ? await readMemoryVectors(on, owner, embedderName, ids)
    : new Map<string, Buffer>();
  const objects = own.map((memory) => objectOfContent(memory, vectors.get(memory.id)));
  for (const memory of memories) {
    if (!speaksForItself(memory)) objects.push(await objectOfBatch(on, memory, embedderName));
  }
  return objects;
}

function objectOfContent(memory: Memory, vector: Buffer | undefined): IndexObject {
  const said = { role: 'user' as const, name: null, timestamp: memory.createdAt, storedAt: memory.storedAt };
  return {
    id: memory.id,
    terms: indexTermsOf([{ ...said, content: memory.content }]),
    vector: vector ? fromInt8(vector) : null,
  };
}

async function objectOfBatch(
  on: Queryable,
  memory: Memory,
  embedderName: string | null,
): Promise<IndexObject> {
  const { namespace, userId, conversationId, firstSeq, lastSeq } = memory;
  if (conversationId === null || firstSeq === null || lastSeq === null)
    throw new Error(`memory ${memory.id} is a batch's, but its range is not in the record`);
  const ref: ConversationRef = { namespace, userId, conversationId };
  const from = firstSeq - CONTEXT_TURNS;
  const { turns, vectors } = await readTurnsWithVectors(on, ref, embedderName, from, lastSeq);
  const unfit = await unfitMemories(on, ref, from, firstSeq - 1);
  return batchObject(
    memory.id,
    turns.filter((turn) => turn.seq >= firstSeq),
    turns.filter((turn) => turn.seq < firstSeq && !unfit.turns.has(turn.seq)),
    vectors,
  );
}

/**
 * The index object of a batch.
 * @param previous what may be of the (at most two) turns before it
 * @param vectors of its turns, by seq, as the record keeps them: a rebuilt index gets the same
 */
export function batchObject(
  id: string,
  turns: readonly (IndexedTurn & { seq: number })[],
  previous: readonly IndexedTurn[],
  vectors: ReadonlyMap<number, Buffer>,
): IndexObject {
  const kept = turns.flatMap((turn) => vectors.get(turn.seq) ?? []);
  return {
    id,
    terms: indexTermsOf(turns, previous),
    vector: kept.length === 0 ? null : meanOfInt8(kept),
  };
}
