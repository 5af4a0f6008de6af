import type { Pool } from 'pg';
import { RefusedError, UnavailableError } from '../domain/errors';
import { tenantName } from '../domain/ids';
import { speaksForItself } from '../domain/memory';
import type { MemoryIndex } from '../index/memory-index';
import { writeObjects } from '../index/write-objects';
import type { Embedder } from '../models/embedder';
import { toInt8 } from '../models/quantize';
import { holdUser } from '../record/erasures';
import { clearIndexPending, lockIndexPending } from '../record/index-pending';
import { getMemories } from '../record/memories';
import { readMemoryVectors, saveMemoryVector } from '../record/memory-vectors';
import { transaction } from '../record/pool';
import type { Owner } from '../record/recall-reads';
import { indexObjectsOf } from './index-objects';
import { embeddingTextOf } from './index-terms';

export interface KeepIndexDependencies {
  pool: Pool;
  index: Pick<MemoryIndex, 'upsert' | 'createTenant' | 'remove'>;
  embedder: Embedder | null;
}

/**
 * Brings the index objects of these memories to what the record says, as far as they are pending: writes those of
 * live ones, embedding what has no vector yet, and removes the others. Again is harmless.
 * @returns false when the embedder was away: found by words alone until it is done again
 * @throws DomainError 410 when the user was erased
 * @throws UnavailableError when the index or the record is out of reach; they stay pending then
 * @throws RefusedError when the index refuses an object for good
 */
export async function keepIndex(
  { pool, index, embedder }: KeepIndexDependencies,
  owner: Owner,
  ids: readonly string[],
): Promise<boolean> {
  const embedded = embedder === null || (await embedContents(pool, embedder, owner, ids));
  await transaction(pool, async (client) => {
    await holdUser(client, owner);
    const pending = await lockIndexPending(client, owner, ids);
    if (pending.length === 0) return;
    const memories = await getMemories(client, owner, pending);
    const live = new Set(memories.map((memory) => memory.id));
    const tenant = tenantName(owner.namespace, owner.userId);
    const objects = await indexObjectsOf(client, owner, memories, embedder?.name ?? null);
    await writeObjects(index, tenant, objects, (make) => make());
    const gone = pending.filter((id) => !live.has(id));
    if (gone.length > 0) await index.remove(tenant, gone);
    if (embedded) await clearIndexPending(client, owner, pending);
  });
  return embedded;
}

/** Gives vectors to memories that speak for themselves and have none. @returns false when the embedder was away */
async function embedContents(
  pool: Pool,
  embedder: Embedder,
  owner: Owner,
  ids: readonly string[],
): Promise<boolean> {
  const own = (await getMemories(pool, owner, ids)).filter(speaksForItself);
  const known = await readMemoryVectors(
    pool,
    owner,
    embedder.name,
    own.map((memory) => memory.id),
  );
  for (const { id, content } of own.filter((memory) => !known.has(memory.id))) {
    try {
      const text = embeddingTextOf({ role: 'user', name: null, content });
      const [vector] = await embedder.embed([text], { purpose: 'document' });
      await saveMemoryVector(pool, owner, embedder.name, { id, content, vector: toInt8(vector!) });
    } catch (thrown) {
      // A text that the embedder refuses is found by its words.
      if (thrown instanceof RefusedError) continue;
      if (thrown instanceof UnavailableError && thrown.service === 'embedder') return false;
      throw thrown;
    }
  }
  return true;
}
