import type { ConversationRef, Turn } from '../src/domain/message';
import { tenantName } from '../src/domain/ids';
import type { IndexObject } from '../src/index/memory-index';
import { writeObjects } from '../src/index/write-objects';
import { toInt8 } from '../src/models/quantize';
import { batchObject } from '../src/recall/index-objects';
import type { BatchRow } from '../src/record/batches';
import { CONTEXT_TURNS } from '../src/record/facts';
import { markIndexPending } from '../src/record/index-pending';
import { whileNotErased } from '../src/record/erasures';
import { saveRawMemories, unfitMemories, type ReadMemory } from '../src/record/raw-memories';
import { readTurnsWithVectors, saveTurnVectors } from '../src/record/turn-vectors';
import type { ActivityDependencies } from './dependencies';
import { embedTurns } from './embed-turns';
import { eachOrRefused, failureReason } from './each-or-refused';
import { rawMemory } from './raw-memory';
import { readBatches } from './read-batch';

export type IndexBatchesDependencies = Pick<
  ActivityDependencies,
  'pool' | 'index' | 'embedder' | 'personas' | 'affect'
>;

export interface BatchOutcome {
  firstSeq: number;
  /** Null: indexed. */
  failureReason: string | null;
}

export interface IndexedBatches {
  /** In the order of the batches. */
  outcomes: BatchOutcome[];
  /** Those of the batches' turns, as the record keeps them, by seq. */
  vectors: ReadonlyMap<number, Buffer>;
}

/**
 * Embeds, reads, saves and indexes batches of one conversation, in that order, so that the index never holds what the record
 * does not. Doing it again (a retry) embeds nothing twice and writes the same objects.
 * @throws UnavailableError when a part is away; nothing of the page counts as failed then
 */
export async function indexBatches(
  dependencies: IndexBatchesDependencies,
  ref: ConversationRef,
  batches: readonly BatchRow[],
  signal: AbortSignal,
): Promise<IndexedBatches> {
  const first = batches[0]!.firstSeq - CONTEXT_TURNS;
  const last = batches.at(-1)!.lastSeq;
  const { pool, embedder } = dependencies;
  const { turns, vectors } = await readTurnsWithVectors(pool, ref, embedder?.name ?? null, first, last);
  const bySeq = new Map(turns.map((turn) => [turn.seq, turn]));
  const ranges = batches.map((batch) => range(bySeq, batch.firstSeq, batch.lastSeq));
  const refused = await embedMissing(dependencies, ref, ranges.flat(), vectors, signal);

  const readings = await readBatches(dependencies, ranges, vectors);
  const works = batches.map((batch, place) => {
    const own = ranges[place]!;
    const reading = readings[place]!;
    const refusal = own.map((turn) => refused.get(turn.seq)).find((reason) => reason !== undefined);
    return { batch, own, refusal, reading, memory: rawMemory(ref, batch.memoryId, own, reading) };
  });
  const good = works.filter((work) => work.refusal === undefined);
  const unindexed = good.length > 0 ? await saveAndIndex(dependencies, ref, good, bySeq, vectors) : new Map();
  const outcomes = works.map(({ batch, refusal, memory }) => ({
    firstSeq: batch.firstSeq,
    failureReason: refusal ?? unindexed.get(memory.id) ?? null,
  }));
  return { outcomes, vectors };
}

interface Work extends ReadMemory {
  batch: BatchRow;
  own: Turn[];
}

/** @returns why objects were refused, by memory id */
async function saveAndIndex(
  dependencies: IndexBatchesDependencies,
  ref: ConversationRef,
  works: readonly Work[],
  bySeq: ReadonlyMap<number, Turn>,
  vectors: ReadonlyMap<number, Buffer>,
): Promise<Map<string, string>> {
  const { pool } = dependencies;
  const first = works[0]!.batch.firstSeq - CONTEXT_TURNS;
  const last = works.at(-1)!.batch.lastSeq;
  const unfit = await saveRawMemories(pool, ref, works, first, last);
  const objects = works.flatMap(({ batch, own, memory }) => {
    if (unfit.memories.has(memory.id)) return [];
    const before = range(bySeq, batch.firstSeq - CONTEXT_TURNS, batch.firstSeq - 1);
    const previous = before.filter((turn) => !unfit.turns.has(turn.seq));
    return [batchObject(memory.id, own, previous, vectors)];
  });
  const refused = await writeIndex(dependencies, ref, objects);
  // Gone or rewritten while the index was written: whoever did it may have been there before us.
  const now = await unfitMemories(pool, ref, first, last);
  const since = [...now.turns].filter((seq) => !unfit.turns.has(seq));
  const touched = works.filter(
    ({ batch, memory }) =>
      (now.memories.has(memory.id) && !unfit.memories.has(memory.id)) ||
      since.some((seq) => batch.firstSeq - CONTEXT_TURNS <= seq && seq <= batch.lastSeq),
  );
  const ids = touched.map(({ memory }) => memory.id);
  await markIndexPending(pool, ref, ids);
  return refused;
}

/**
 * Embeds the turns that have no vector, and adds those to `vectors`.
 * @returns why turns were refused, by seq
 */
async function embedMissing(
  { pool, embedder }: IndexBatchesDependencies,
  ref: ConversationRef,
  turns: readonly Turn[],
  vectors: Map<number, Buffer>,
  signal: AbortSignal,
): Promise<Map<number, string>> {
  if (!embedder) return new Map();
  const missing = turns.filter((turn) => !vectors.has(turn.seq));
  const { embedded, refused } = await embedTurns(embedder, missing, signal);
  const fresh = [...embedded].map(([seq, vector]) => ({ seq, vector: toInt8(vector) }));
  // Kept at once: whatever fails after this, no text is paid for twice.
  if (fresh.length > 0) await saveTurnVectors(pool, ref, embedder.name, fresh);
  for (const { seq, vector } of fresh) vectors.set(seq, vector);
  return refused;
}

/** @returns why objects were refused, by id */
async function writeIndex(
  dependencies: IndexBatchesDependencies,
  ref: ConversationRef,
  objects: readonly IndexObject[],
): Promise<Map<string, string>> {
  const tenant = tenantName(ref.namespace, ref.userId);
  const { refused } = await eachOrRefused(objects, async (part) => {
    await writeObjects(dependencies.index, tenant, part, (make) =>
      whileNotErased(dependencies.pool, ref, make),
    );
    return part.map(() => true);
  });
  return new Map([...refused].map(([object, error]) => [object.id, failureReason(error)]));
}

function range(bySeq: ReadonlyMap<number, Turn>, firstSeq: number, lastSeq: number): Turn[] {
  const turns: Turn[] = [];
  for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
    const turn = bySeq.get(seq);
    if (turn) turns.push(turn);
  }
  return turns;
}
