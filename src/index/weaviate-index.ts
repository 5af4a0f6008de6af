import { RefusedError } from '../domain/errors';
import type { IndexObject, MemoryIndex } from './memory-index';
import { checkTakesWrites } from './weaviate-writable';
import { collectionDefinition, collectionName } from './weaviate-collection';
import { createWeaviateBatch } from './weaviate-batch';
import {
  createWeaviateHttp,
  errorFor,
  saysCollectionMissing,
  saysTenantMissing,
  type WeaviateAnswer,
} from './weaviate-http';
import { createWeaviateSearch } from './weaviate-search';

const MAX_OBJECTS_PER_REQUEST = 200;
const MAX_CHARS_PER_REQUEST = 8_000_000;
const MAX_IDS_PER_DELETE = 1_000;
const MAX_LISTED_IDS = 500;

export interface WeaviateIndexOptions {
  /** Base URL over HTTP. */
  url: string;
  /** `host:port` of gRPC. */
  grpc: string;
  apiKey: string;
  collectionPrefix: string;
  /** The vector space; null without an embedder. */
  embedderName: string | null;
  /** Deadline of one call. */
  timeoutMs: number;
}

/**
 * The index in Weaviate. Opens no connection until it is asked something, so that a process starts while Weaviate is
 * down and goes on once it is back.
 */
export function createWeaviateIndex(options: WeaviateIndexOptions): MemoryIndex {
  const collection = collectionName(options.collectionPrefix, options.embedderName);
  const http = createWeaviateHttp(options);
  const tenants = `/v1/schema/${collection}/tenants`;

  const check = async (): Promise<void> => {
    const answer = await http.request('GET', '/v1/.well-known/ready');
    if (answer.status >= 400) throw errorFor(`not ready (${answer.status})`);
  };

  const isTenantAbsent = async (tenant: string): Promise<boolean> => {
    await check();
    const answer = await http.request('GET', `${tenants}/${encodeURIComponent(tenant)}`);
    return (
      answer.status === 404 || saysTenantMissing(answer.problem) || saysCollectionMissing(answer.problem)
    );
  };

  const searcher = createWeaviateSearch({ ...options, collection, isTenantAbsent });

  const batch = createWeaviateBatch({ ...options, collection });

  const isAbsence = async (answer: WeaviateAnswer, tenant: string): Promise<boolean> =>
    (saysTenantMissing(answer.problem) || saysCollectionMissing(answer.problem)) &&
    (await isTenantAbsent(tenant));

  const ensureCollection = async (): Promise<void> => {
    const known = await http.request('GET', `/v1/schema/${collection}`);
    if (known.status === 200) return;
    const made = await http.request('POST', '/v1/schema', collectionDefinition(collection));
    if (made.status >= 400 && !/already exists/i.test(made.problem)) throw errorFor(made.problem);
  };

  const removeTenantFrom = async (name: string, tenant: string): Promise<void> => {
    const answer = await http.request('DELETE', `/v1/schema/${name}/tenants`, [tenant]);
    if (answer.status >= 400 && !saysTenantMissing(answer.problem) && !saysCollectionMissing(answer.problem))
      throw errorFor(answer.problem);
  };

  const createTenant = async (tenant: string): Promise<void> => {
    let made = await http.request('POST', tenants, [{ name: tenant }]);
    if (made.status >= 400 && saysCollectionMissing(made.problem)) {
      await ensureCollection();
      made = await http.request('POST', tenants, [{ name: tenant }]);
    }
    if (made.status >= 400 && !/already exists/i.test(made.problem)) throw errorFor(made.problem);
  };

  const upsert = async (tenant: string, objects: readonly IndexObject[]): Promise<void> => {
    for (const object of objects) {
      if (object.vector && !object.vector.every(Number.isFinite)) {
        throw new RefusedError('weaviate', `the vector of ${object.id} holds a number that is not finite`);
      }
    }
    for (const part of requestsOf(objects)) await batch.write(tenant, part);
  };

  return {
    ensureCollection,
    createTenant,
    upsert,

    search: (tenant, query) => searcher.search(tenant, query),

    async remove(tenant, ids) {
      for (let i = 0; i < ids.length; i += MAX_IDS_PER_DELETE) {
        const valueTextArray = ids.slice(i, i + MAX_IDS_PER_DELETE);
        const answer = await http.request(
          'DELETE',
          `/v1/batch/objects?tenant=${encodeURIComponent(tenant)}`,
          {
            match: { class: collection, where: { path: ['id'], operator: 'ContainsAny', valueTextArray } },
          },
        );
        if (answer.status < 400) {
          const failed = (answer.body as { results?: { failed?: number } } | undefined)?.results?.failed ?? 0;
          if (failed > 0) throw errorFor(`${failed} objects could not be deleted`);
        } else if (await isAbsence(answer, tenant)) return;
        else throw errorFor(answer.problem);
      }
    },

    removeTenant: (tenant) => removeTenantFrom(collection, tenant),

    async removeTenantEverywhere(tenant) {
      const answer = await http.request('GET', '/v1/schema');
      if (answer.status >= 400) throw errorFor(answer.problem);
      const { classes } = answer.body as { classes?: { class: string }[] };
      const ours = (classes ?? [])
        .map((one) => one.class)
        .filter((name) => name.startsWith(`${options.collectionPrefix}_`));
      for (const name of ours) await removeTenantFrom(name, tenant);
    },

    async listIds(tenant, afterId, throughId) {
      const ids = new Set<string>();
      for (let after = afterId; ;) {
        const query = `{ Get { ${collection}(tenant: ${JSON.stringify(tenant)}, limit: ${MAX_LISTED_IDS}, after: "${after}") { _additional { id } } } }`;
        const answer = await http.request('POST', '/v1/graphql', { query });
        if (answer.problem) {
          if (await isAbsence(answer, tenant)) return ids;
          throw errorFor(answer.problem);
        }
        const page = idsIn(answer.body, collection);
        for (const id of page) if (id <= throughId) ids.add(id);
        const last = page.at(-1);
        if (page.length < MAX_LISTED_IDS || last === undefined || last >= throughId) return ids;
        after = last;
      }
    },

    async count(tenant) {
      const query = `{ Aggregate { ${collection}(tenant: ${JSON.stringify(tenant)}) { meta { count } } } }`;
      const answer = await http.request('POST', '/v1/graphql', { query });
      if (answer.problem) {
        if (await isAbsence(answer, tenant)) return 0;
        throw errorFor(answer.problem);
      }
      return countIn(answer.body, collection);
    },

    check,

    checkWritable: () => checkTakesWrites({ upsert, createTenant }),

    async close() {
      batch.close();
      await searcher.close();
    },
  };
}

function* requestsOf(objects: readonly IndexObject[]): Generator<IndexObject[]> {
  let part: IndexObject[] = [];
  let chars = 0;
  for (const object of objects) {
    const size = object.terms.length + (object.vector?.byteLength ?? 0);
    if (
      part.length > 0 &&
      (part.length === MAX_OBJECTS_PER_REQUEST || chars + size > MAX_CHARS_PER_REQUEST)
    ) {
      yield part;
      part = [];
      chars = 0;
    }
    part.push(object);
    chars += size;
  }
  if (part.length > 0) yield part;
}

function idsIn(body: unknown, collection: string): string[] {
  const { data } = body as { data?: { Get?: Record<string, { _additional: { id: string } }[] | null> } };
  return (data?.Get?.[collection] ?? []).map((object) => object._additional.id);
}

function countIn(body: unknown, collection: string): number {
  const { data } = body as { data?: { Aggregate?: Record<string, { meta?: { count?: number } }[] | null> } };
  return data?.Aggregate?.[collection]?.[0]?.meta?.count ?? 0;
}
