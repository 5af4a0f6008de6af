import { TenantMissingError, type IndexObject, type MemoryIndex } from './memory-index';

/** Writes a user's objects, making the tenant if it is missing. Only for users that the record knows. */
export async function writeObjects(
  index: Pick<MemoryIndex, 'upsert' | 'createTenant'>,
  tenant: string,
  objects: readonly IndexObject[],
): Promise<void> {
  if (objects.length === 0) return;
  try {
    await index.upsert(tenant, objects);
  } catch (thrown) {
    if (!(thrown instanceof TenantMissingError)) throw thrown;
    await index.createTenant(tenant);
    await index.upsert(tenant, objects);
  }
}
