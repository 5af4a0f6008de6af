import type { ConversationRef, Turn } from '../src/domain/message';
import { tenantName } from '../src/domain/ids';
import type { IndexObject } from '../src/index/memory-index';
import { writeObjects } from '../src/index/write-objects';
import { toInt8 } from '../src/models/quantize';
import { batchObject } from '../src/recall/index-objects';
import type { BatchRow } from '../src/record/batches';
import { turnsOutOfContext } from '../src/record/delete-memory';
import { CONTEXT_TURNS } from '../src/record/facts';
import { markIndexPending } from '../src/record/index-pending';
import { whileNotErased } from '../src/record/erasures';
import { goneMemories, readTurnVectors, saveMemories, saveTurnVectors } from '../src/record/memories';
import { readTurns } from '../src/record/messages';
import { saveReadings } from '../src/record/readings';
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
): Promise<BatchOutcome[]> {
  const first = batches[0]!.firstSeq;
  const last = batches.at(-1)!.lastSeq;
  const turns = await readTurns(dependencies.pool, ref, first - CONTEXT_TURNS, last);
  const bySeq = new Map(turns.map((turn) => [turn.seq, turn]));
  const inBatches = batches.flatMap((batch) => range(bySeq, batch.firstSeq, batch.lastSeq));
  const { vectors, refused } = await vectorsOf(dependencies, ref, inBatches, signal);

  const ranges = batches.map((batch) => range(bySeq, batch.firstSeq, batch.lastSeq));
  const readings = await readBatches(dependencies, ranges, vectors);
  const works = batches.map((batch, place) => {
    const own = ranges[place]!;
    const reading = readings[place]!;
    const refusal = own.map((turn) => refused.get(turn.seq)).find((reason) => reason !== undefined);
    return { batch, own, reading, refusal, memory: rawMemory(ref, batch.memoryId, own, reading) };
  });
  const good = works.filter((work) => work.refusal === undefined);
  if (good.length > 0) {
    await saveMemories(
      dependencies.pool,
      ref,
      good.map((work) => work.memory),
    );
    await saveReadings(
      dependencies.pool,
      ref,
      good.map(({ memory, reading }) => ({ memoryId: memory.id, ...reading })),
    );
  }
  const readExcluded = (): Promise<Set<number>> =>
    turnsOutOfContext(dependencies.pool, ref, first - CONTEXT_TURNS, last);
  const excluded = await readExcluded();
  const unindexed = await writeIndex(
    dependencies,
    ref,
    good.map(({ batch, own, memory }) => {
      const before = range(bySeq, batch.firstSeq - CONTEXT_TURNS, batch.firstSeq - 1);
      const previous = before.filter((turn) => !excluded.has(turn.seq));
      return batchObject(memory.id, own, previous, vectors);
    }),
  );
  // Deleted while the index was written: whoever deleted it may have been there before us.
  const since = [...(await readExcluded())].filter((seq) => !excluded.has(seq));
  const touched = good.filter(({ batch }) =>
    since.some((seq) => batch.firstSeq - CONTEXT_TURNS <= seq && seq <= batch.lastSeq),
  );
  await markIndexPending(
    dependencies.pool,
    ref,
    touched.map(({ memory }) => memory.id),
  );
  return works.map(({ batch, refusal, memory }) => ({
    firstSeq: batch.firstSeq,
    failureReason: refusal ?? unindexed.get(memory.id) ?? null,
  }));
}

/** Vectors by seq: those kept from an earlier try, and new ones for the rest. */
async function vectorsOf(
  { pool, embedder }: IndexBatchesDependencies,
  ref: ConversationRef,
  turns: readonly Turn[],
  signal: AbortSignal,
): Promise<{ vectors: Map<number, Buffer>; refused: Map<number, string> }> {
  if (!embedder || turns.length === 0) return { vectors: new Map(), refused: new Map() };
  const vectors = await readTurnVectors(pool, ref, embedder.name, turns[0]!.seq, turns.at(-1)!.seq);
  const missing = turns.filter((turn) => !vectors.has(turn.seq));
  const { embedded, refused } = await embedTurns(embedder, missing, signal);
  const fresh = [...embedded].map(([seq, vector]) => ({ seq, vector: toInt8(vector) }));
  // Kept at once: whatever fails after this, no text is paid for twice.
  if (fresh.length > 0) await saveTurnVectors(pool, ref, embedder.name, fresh);
  for (const { seq, vector } of fresh) vectors.set(seq, vector);
  return { vectors, refused };
}

/** @returns why objects were refused, by id */
async function writeIndex(
  dependencies: IndexBatchesDependencies,
  ref: ConversationRef,
  objects: readonly IndexObject[],
): Promise<Map<string, string>> {
  const gone = await goneMemories(
    dependencies.pool,
    ref,
    objects.map((object) => object.id),
  );
  const live = objects.filter((object) => !gone.has(object.id));
  const tenant = tenantName(ref.namespace, ref.userId);
  const { refused } = await eachOrRefused(live, async (part) => {
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
