import { TenantMissingError, type IndexObject, type MemoryIndex } from './memory-index';

/**
 * Writes a user's objects, making the tenant if it is missing.
 * @param whileKnown makes it while the user cannot be erased: a late write must not bring back what an erasure removed
 */
export async function writeObjects(
  index: Pick<MemoryIndex, 'upsert' | 'createTenant'>,
  tenant: string,
  objects: readonly IndexObject[],
  whileKnown: (make: () => Promise<void>) => Promise<void>,
): Promise<void> {
  if (objects.length === 0) return;
  try {
    await index.upsert(tenant, objects);
  } catch (thrown) {
    if (!(thrown instanceof TenantMissingError)) throw thrown;
    await whileKnown(() => index.createTenant(tenant));
    await index.upsert(tenant, objects);
  }
}
