import { Context } from '@temporalio/activity';
import { setTimeout as sleep } from 'node:timers/promises';
import { tenantName } from '../src/domain/ids';
import { isErasedUser } from '../src/domain/errors';
import { addCounts } from '../src/domain/maintenance';
import { speaksForItself, type Memory } from '../src/domain/memory';
import type { Turn } from '../src/domain/message';
import type { IndexObject } from '../src/index/memory-index';
import { writeObjects } from '../src/index/write-objects';
import { toInt8 } from '../src/models/quantize';
import { batchObject, indexObjectsOf } from '../src/recall/index-objects';
import { whileNotErased } from '../src/record/erasures';
import { markIndexPending } from '../src/record/index-pending';
import { readMemoryVectors } from '../src/record/memory-vectors';
import { saveTurnVectors } from '../src/record/memories';
import {
  indexedAmong,
  indexedMemories,
  nextUser,
  turnsToReindex,
  type PlacedUser,
  type ReindexedTurn,
} from '../src/record/reindex-reads';
import type { ReindexActivities, ReindexCounts, ReindexInput } from '../workflows/reindex.contract';
import type { ActivityDependencies } from './dependencies';
import { embedTurns } from './embed-turns';

/** How long one activity works before its workflow shows how far it is. */
const SLICE_MS = 10_000;
const PAGE_MEMORIES = 400;
/** Two requests at a time keep Weaviate busy. */
const WRITE_OBJECTS = 200;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const MS_PER_SECOND = 1_000;
const NOTHING: ReindexCounts = { users: 0, memories: 0, written: 0, removed: 0 };

interface Place {
  hash: string | null;
  /** Within that user; null: behind them. */
  memoryId: string | null;
}

/** See workflows/reindex.contract. */
export function createReindexPage(dependencies: ActivityDependencies): ReindexActivities['reindexPage'] {
  return async function reindexPage(input) {
    const until = Date.now() + SLICE_MS;
    let counts = NOTHING;
    let place = placeOf(input.from);
    for (;;) {
      Context.current().heartbeat();
      const user = await nextUser(dependencies.pool, input, place.hash, place.memoryId !== null);
      if (!user) return { counts, next: null };
      // Another one, if the one whose page was to come is gone.
      const from = user.hash === place.hash ? (place.memoryId ?? FIRST_ID) : FIRST_ID;
      const page = await reindexMemories(dependencies, user, from, input);
      counts = addCounts(counts, page.counts) as ReindexCounts;
      place = { hash: user.hash, memoryId: page.next };
      if (Date.now() >= until) return { counts, next: textOf(place) };
    }
  };
}

async function reindexMemories(
  dependencies: ActivityDependencies,
  user: PlacedUser,
  from: string,
  { rewrite, objectsPerSecond }: ReindexInput,
): Promise<{ counts: ReindexCounts; next: string | null }> {
  const { pool, index } = dependencies;
  const startedAt = performance.now();
  const tenant = tenantName(user.namespace, user.userId);
  const memories = await indexedMemories(pool, user, from, PAGE_MEMORIES);
  const last = memories.length < PAGE_MEMORIES ? LAST_ID : memories.at(-1)!.id;
  const held = await index.listIds(tenant, from, last);
  const known = new Set(memories.map((memory) => memory.id));
  const wanted = rewrite ? memories : memories.filter((memory) => !held.has(memory.id));
  try {
    await write(dependencies, user, tenant, wanted);
  } catch (thrown) {
    // Erased meanwhile: nothing of them is to be in the index.
    if (!isErasedUser(thrown)) throw thrown;
  }
  const unknown = [...held].filter((id) => !known.has(id));
  // Asked again: what was saved since the page was read is not to be removed.
  const live = await indexedAmong(pool, user, unknown);
  const removed = unknown.filter((id) => !live.has(id));
  if (removed.length > 0) await index.remove(tenant, removed);
  if (objectsPerSecond !== null) {
    const dueMs = (wanted.length / objectsPerSecond) * MS_PER_SECOND - (performance.now() - startedAt);
    if (dueMs > 0) await sleep(dueMs, undefined, { signal: Context.current().cancellationSignal });
  }
  const done = last === LAST_ID;
  return {
    counts: {
      users: done ? 1 : 0,
      memories: memories.length,
      written: wanted.length,
      removed: removed.length,
    },
    next: done ? null : last,
  };
}

async function write(
  dependencies: ActivityDependencies,
  user: PlacedUser,
  tenant: string,
  memories: readonly Memory[],
): Promise<void> {
  const { pool, index } = dependencies;
  const objects = await objectsOf(dependencies, user, memories);
  const parts: IndexObject[][] = [];
  for (let i = 0; i < objects.length; i += WRITE_OBJECTS) parts.push(objects.slice(i, i + WRITE_OBJECTS));
  const whileKnown = (make: () => Promise<void>): Promise<void> => whileNotErased(pool, user, make);
  await Promise.all(parts.map((part) => writeObjects(index, tenant, part, whileKnown)));
}

/** The same objects as when they were first indexed; what this embedder has not embedded yet is embedded. */
async function objectsOf(
  { pool, embedder }: ActivityDependencies,
  user: PlacedUser,
  memories: readonly Memory[],
): Promise<IndexObject[]> {
  const embedderName = embedder?.name ?? null;
  const own = memories.filter(speaksForItself);
  const objects = await indexObjectsOf(pool, user, own, embedderName);
  if (embedderName !== null) {
    const ids = own.map((memory) => memory.id);
    const vectors = await readMemoryVectors(pool, user, embedderName, ids);
    // Found by words for now; whoever sees to what is behind embeds them.
    await markIndexPending(
      pool,
      user,
      ids.filter((id) => !vectors.has(id)),
    );
  }
  const batches = memories.filter((memory) => !speaksForItself(memory));
  const turns = await turnsToReindex(
    pool,
    user,
    batches.map((memory) => memory.id),
    embedderName,
  );
  for (const memory of batches) {
    const all = turns.get(memory.id) ?? [];
    const said = all.filter((turn) => turn.seq >= memory.firstSeq!);
    const vectors = new Map(said.flatMap((turn) => (turn.vector ? [[turn.seq, turn.vector] as const] : [])));
    if (embedder) {
      const missing = said.filter((turn) => turn.vector === null).map(asTurn);
      const { embedded } = await embedTurns(embedder, missing, Context.current().cancellationSignal);
      const fresh = [...embedded].map(([seq, vector]) => ({ seq, vector: toInt8(vector) }));
      const ref = { ...user, conversationId: memory.conversationId! };
      if (fresh.length > 0) await saveTurnVectors(pool, ref, embedder.name, fresh);
      for (const { seq, vector } of fresh) vectors.set(seq, vector);
      if (fresh.length > 0) Context.current().heartbeat();
    }
    const before = all.filter((turn) => turn.seq < memory.firstSeq!).map(asTurn);
    objects.push(batchObject(memory.id, said.map(asTurn), before, vectors));
  }
  return objects;
}

function asTurn({ vector: _, ...turn }: ReindexedTurn): Turn {
  return { ...turn, metadata: {}, forcedPersona: null };
}

function placeOf(text: string | null): Place {
  const [hash, memoryId] = text?.split('/') ?? [];
  return { hash: hash ?? null, memoryId: memoryId ?? null };
}

function textOf({ hash, memoryId }: Place): string {
  return memoryId === null ? `${hash}` : `${hash}/${memoryId}`;
}
