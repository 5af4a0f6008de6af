import { UnavailableError } from '../domain/errors';
import type { IndexObject, MemoryIndex } from './memory-index';
import { writeObjects } from './write-objects';

/** No user's: theirs end in a hash (domain/ids tenantName). */
const TENANT = 'health';
const OBJECT: IndexObject = { id: '00000000-0000-4000-8000-000000000001', terms: 'health', vector: null };

/**
 * Writes an object to a tenant of its own. A Weaviate whose disk or memory is nearly full sets all its tenants read-only
 * and says nowhere that it did so, but in what it answers to writes.
 * @throws UnavailableError saying what to do
 */
export async function checkTakesWrites(index: Pick<MemoryIndex, 'upsert' | 'createTenant'>): Promise<void> {
  try {
    await writeObjects(index, TENANT, [OBJECT], (make) => make());
  } catch (cause) {
    if (!(cause instanceof UnavailableError)) throw cause;
    throw new UnavailableError(
      'weaviate',
      `Weaviate answers, but takes no writes: see MemoriesIndexFailing in docs/runbook.md. ${cause.message}`,
      { cause },
    );
  }
}
