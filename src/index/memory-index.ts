/** What the index holds of a memory: prepared terms and a vector, nothing a person could read. */
export interface IndexObject {
  id: string;
  /** Space-separated prepared terms (src/recall/terms.ts), repeated by their weight. */
  terms: string;
  /** Null without an embedder. */
  vector: Float32Array | null;
}

export interface IndexQuery {
  terms: string;
  vector: Float32Array | null;
  limit: number;
  /** Restricts the search to these ids. */
  ids?: readonly string[];
}

export interface IndexHit {
  id: string;
  score: number;
}

/**
 * The index can be thrown away and rebuilt from the record. One tenant a user (domain/ids tenantName).
 * Every method throws UnavailableError('weaviate') when the server is out of reach or read-only, RefusedError when
 * it refuses an object for good.
 */
export interface MemoryIndex {
  /** Makes the collection if it is missing; safe from several processes at once. */
  ensureCollection(): Promise<void>;
  /** Makes the user's tenant if it is missing. The only way a tenant comes to be. */
  createTenant(tenant: string): Promise<void>;
  /** Writes objects, replacing those of the same id. @throws TenantMissingError when the tenant was not made (or removed since). */
  upsert(tenant: string, objects: readonly IndexObject[]): Promise<void>;
  /** Best first; `[]` for an unknown tenant. Keyword and vector fused by relative score, alpha .5; what is missing is left out. */
  search(tenant: string, query: IndexQuery): Promise<IndexHit[]>;
  remove(tenant: string, ids: readonly string[]): Promise<void>;
  removeTenant(tenant: string): Promise<void>;
  /** Also from collections of other embedders, which a change of the embedder has left behind. */
  removeTenantEverywhere(tenant: string): Promise<void>;
  /** The ids that a tenant holds behind `afterId`, up to and with `throughId`; none of an unknown one. */
  listIds(tenant: string, afterId: string, throughId: string): Promise<Set<string>>;
  /** 0 for an unknown tenant. */
  count(tenant: string): Promise<number>;
  /** Resolves when the server is ready to serve. */
  check(): Promise<void>;
  /** Resolves when it takes writes, which it is asked by writing: with its disk full it still answers searches. */
  checkWritable(): Promise<void>;
  close(): Promise<void>;
}

/** The tenant does not exist: create it after making sure that its user was not erased. */
export class TenantMissingError extends Error {
  override name = 'TenantMissingError';
  constructor(readonly tenant: string) {
    super(`index tenant ${tenant} does not exist`);
  }
}
