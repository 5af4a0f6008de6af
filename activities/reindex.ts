import { Context } from '@temporalio/activity';
import { setTimeout as sleep } from 'node:timers/promises';
import { tenantName } from '../src/domain/ids';
import { isErasedUser } from '../src/domain/errors';
import { addCounts } from '../src/domain/maintenance';
import { speaksForItself } from '../src/domain/memory';
import type { IndexObject } from '../src/index/memory-index';
import { writeObjects } from '../src/index/write-objects';
import { toInt8 } from '../src/models/quantize';
import { batchObject, indexObjectsOf } from '../src/recall/index-objects';
import { whileNotErased } from '../src/record/erasures';
import { markIndexPending } from '../src/record/index-pending';
import { getMemories } from '../src/record/memories';
import { saveTurnVectors } from '../src/record/turn-vectors';
import {
  changedSince,
  indexedAmong,
  indexedMemories,
  nextUser,
  turnsToReindex,
  type PlacedUser,
  type ReindexedMemory,
} from '../src/record/reindex-reads';
import type { ReindexActivities, ReindexCounts, ReindexInput } from '../workflows/reindex.contract';
import type { ActivityDependencies } from './dependencies';
import { embedTurns } from './embed-turns';

/** How long one activity works before its workflow shows how far it is. */
const SLICE_MS = 10_000;
const PAGE_MEMORIES = 400;
const WRITE_OBJECTS = 200;
/** Read, built and written side by side, so that neither Weaviate nor the worker waits for the other. */
const PAGES_IN_FLIGHT = 3;
/** A page of a slow reindex may be due later than its workflow waits for a sign of life. */
const HEARTBEAT_EVERY_MS = 5_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const MS_PER_SECOND = 1_000;
const NOTHING: ReindexCounts = { users: 0, memories: 0, written: 0, removed: 0 };

interface Place {
  hash: string | null;
  /** Within that user; null: behind them. */
  memoryId: string | null;
}

/** Behind the last user. */
const END: Place = { hash: null, memoryId: null };

/** See workflows/reindex.contract. */
export function createReindexPage(dependencies: ActivityDependencies): ReindexActivities['reindexPage'] {
  return async function reindexPage(input) {
    const startedAt = performance.now();
    const inFlight: PageInFlight[] = [];
    let counts = NOTHING;
    let begun = 0;
    const settleOldest = async (): Promise<void> => {
      counts = addCounts(counts, await inFlight.shift()!.done) as ReindexCounts;
      Context.current().heartbeat();
    };
    let place = placeOf(input.from);
    try {
      for (;;) {
        const user = await nextUser(dependencies.pool, input, place.hash, place.memoryId !== null);
        if (!user) {
          place = END;
          break;
        }
        // Another one, if the one whose page was to come is gone.
        const from = user.hash === place.hash ? (place.memoryId ?? FIRST_ID) : FIRST_ID;
        const page = await beginPage(dependencies, user, from, input);
        inFlight.push(page);
        begun += page.writes;
        place = { hash: user.hash, memoryId: page.next };
        if (inFlight.length >= PAGES_IN_FLIGHT) await settleOldest();
        await throttle(begun, startedAt, input.objectsPerSecond);
        if (performance.now() - startedAt >= SLICE_MS) break;
      }
      while (inFlight.length > 0) await settleOldest();
    } finally {
      // Whoever tries again must not write side by side with what is left of this attempt.
      await Promise.allSettled(inFlight.map(({ done }) => done));
    }
    return { counts, next: place === END ? null : textOf(place) };
  };
}

async function throttle(objects: number, startedAt: number, perSecond: number | null): Promise<void> {
  if (perSecond === null) return;
  const dueAt = startedAt + (objects / perSecond) * MS_PER_SECOND;
  for (let leftMs: number; (leftMs = dueAt - performance.now()) > 0;) {
    const signal = Context.current().cancellationSignal;
    await sleep(Math.min(leftMs, HEARTBEAT_EVERY_MS), undefined, { signal });
    Context.current().heartbeat();
  }
}

/** A page whose objects are being built and written. */
interface PageInFlight {
  writes: number;
  /** The memory behind which its user goes on; null: behind them. */
  next: string | null;
  done: Promise<ReindexCounts>;
}

/** Reads which memories a page has; returns when it is known where the next one begins. */
async function beginPage(
  dependencies: ActivityDependencies,
  user: PlacedUser,
  from: string,
  { rewrite }: ReindexInput,
): Promise<PageInFlight> {
  const { pool, index } = dependencies;
  const tenant = tenantName(user.namespace, user.userId);
  const memories = await indexedMemories(pool, user, from, PAGE_MEMORIES);
  const last = memories.length < PAGE_MEMORIES ? LAST_ID : memories.at(-1)!.memory.id;
  const listing = index.listIds(tenant, from, last);
  listing.catch(() => undefined);
  const held = rewrite ? null : await listing;
  const wanted = held ? memories.filter(({ memory }) => !held.has(memory.id)) : memories;
  const finish = async (): Promise<ReindexCounts> => {
    const built = await objectsOf(
      dependencies,
      user,
      wanted.map(({ memory }) => memory),
    ).catch(unlessErased);
    if (built !== null) {
      await write(dependencies, user, tenant, built.objects).catch(unlessErased);
      // What changed since it was read may have been written by whoever changed it, and older objects over that just
      // now: noted after the write, and not before, it is written again.
      const behind = [...built.withoutVector, ...(await changedSince(pool, user, wanted))];
      await markIndexPending(pool, user, behind).catch(unlessErased);
    }
    const known = new Set(memories.map(({ memory }) => memory.id));
    const unknown = [...(await listing)].filter((id) => !known.has(id));
    // Asked again: what was saved since the page was read is not to be removed.
    const live = await indexedAmong(pool, user, unknown);
    const removed = unknown.filter((id) => !live.has(id));
    if (removed.length > 0) await index.remove(tenant, removed);
    return {
      users: last === LAST_ID ? 1 : 0,
      memories: memories.length,
      written: wanted.length,
      removed: removed.length,
    };
  };
  const done = finish();
  done.catch(() => undefined);
  return { writes: wanted.length, next: last === LAST_ID ? null : last, done };
}

/** Erased meanwhile: nothing of them is to be in the index. */
function unlessErased(thrown: unknown): null {
  if (!isErasedUser(thrown)) throw thrown;
  return null;
}

async function write(
  { pool, index }: ActivityDependencies,
  user: PlacedUser,
  tenant: string,
  objects: readonly IndexObject[],
): Promise<void> {
  const parts: IndexObject[][] = [];
  for (let i = 0; i < objects.length; i += WRITE_OBJECTS) parts.push(objects.slice(i, i + WRITE_OBJECTS));
  const whileKnown = (make: () => Promise<void>): Promise<void> => whileNotErased(pool, user, make);
  await Promise.all(parts.map((part) => writeObjects(index, tenant, part, whileKnown)));
}

interface BuiltObjects {
  objects: IndexObject[];
  /** Found by words for now; whoever sees to what is behind embeds them. */
  withoutVector: string[];
}

/** The same objects as when they were first indexed; turns that this embedder has not embedded yet are embedded. */
async function objectsOf(
  { pool, embedder }: ActivityDependencies,
  user: PlacedUser,
  memories: readonly ReindexedMemory['memory'][],
): Promise<BuiltObjects> {
  const embedderName = embedder?.name ?? null;
  const own = memories.filter(speaksForItself).map((memory) => memory.id);
  const objects = await indexObjectsOf(pool, user, await getMemories(pool, user, own), embedderName);
  const withoutVector =
    embedderName === null ? [] : objects.filter(({ vector }) => vector === null).map(({ id }) => id);
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
    const vectors = new Map<number, Buffer>();
    for (const turn of said) if (turn.vector) vectors.set(turn.seq, turn.vector);
    if (embedder && vectors.size < said.length) {
      const missing = said.filter((turn) => turn.vector === null);
      const { embedded } = await embedTurns(embedder, missing, Context.current().cancellationSignal);
      const fresh = [...embedded].map(([seq, vector]) => ({ seq, vector: toInt8(vector) }));
      const ref = { ...user, conversationId: memory.conversationId! };
      if (fresh.length > 0) await saveTurnVectors(pool, ref, embedder.name, fresh);
      for (const { seq, vector } of fresh) vectors.set(seq, vector);
      if (fresh.length > 0) Context.current().heartbeat();
    }
    const before = all.filter((turn) => turn.seq < memory.firstSeq!);
    objects.push(batchObject(memory.id, said, before, vectors));
  }
  return { objects, withoutVector };
}

function placeOf(text: string | null): Place {
  const [hash, memoryId] = text?.split('/') ?? [];
  return { hash: hash ?? null, memoryId: memoryId ?? null };
}

function textOf({ hash, memoryId }: Place): string {
  return memoryId === null ? `${hash}` : `${hash}/${memoryId}`;
}
