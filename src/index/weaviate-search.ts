import weaviate, { type WeaviateClient } from 'weaviate-client';
import { ensureError, UnavailableError } from '../domain/errors';
import type { IndexHit, IndexQuery } from './memory-index';
import { TERMS_PROPERTY } from './weaviate-collection';
import { errorFor, saysCollectionMissing, saysTenantMissing } from './weaviate-http';

/** Equal weight for words and vectors; between .4 and .6 it does not matter. */
const HYBRID_ALPHA = 0.5;
const CONNECT_TIMEOUT_SECONDS = 2;

export interface WeaviateSearchOptions {
  url: string;
  /** `host:port` of gRPC. */
  grpc: string;
  apiKey: string;
  collection: string;
  timeoutMs: number;
  /**
   * Whether the tenant is truly absent: a server that is starting says "not found" of all it has not loaded yet.
   * @throws UnavailableError when that cannot be said now
   */
  isTenantAbsent(tenant: string): Promise<boolean>;
}

export interface WeaviateSearch {
  search(tenant: string, query: IndexQuery): Promise<IndexHit[]>;
  close(): Promise<void>;
}

/**
 * Queries over gRPC. Connects when first asked, with the client's own checks (without them its version probe leaves
 * unhandled rejections), and anew after the server was out of reach: gRPC's own reconnection backs off by minutes.
 */
export function createWeaviateSearch(options: WeaviateSearchOptions): WeaviateSearch {
  let connection: Promise<WeaviateClient> | null = null;

  const connect = (): Promise<WeaviateClient> => {
    connection ??= open(options).catch((thrown: unknown) => {
      connection = null;
      throw thrown;
    });
    return connection;
  };
  const drop = (stale: WeaviateClient): void => {
    connection = null;
    // Others may still be waiting on it, at most for as long as their deadline.
    setTimeout(() => void stale.close().catch(() => undefined), options.timeoutMs).unref();
  };

  return {
    async search(tenant, query) {
      if (query.limit <= 0 || query.ids?.length === 0) return [];
      const client = await withDeadline(connect(), options.timeoutMs);
      try {
        return await withDeadline(run(client, options.collection, tenant, query), options.timeoutMs);
      } catch (thrown) {
        const { message } = ensureError(thrown);
        if (saysTenantMissing(message) || saysCollectionMissing(message)) {
          if (await options.isTenantAbsent(tenant)) return [];
          throw new UnavailableError('weaviate', 'Weaviate is still loading this tenant', { cause: thrown });
        }
        const error = thrown instanceof UnavailableError ? thrown : errorFor(message);
        if (error instanceof UnavailableError && connection !== null && (await connection) === client)
          drop(client);
        if (error !== thrown) error.cause = thrown;
        throw error;
      }
    },
    async close() {
      const open = connection;
      connection = null;
      if (open) await (await open.catch(() => null))?.close();
    },
  };
}

async function open(options: WeaviateSearchOptions): Promise<WeaviateClient> {
  const http = new URL(options.url);
  const secure = http.protocol === 'https:';
  const [grpcHost, grpcPort] = splitAddress(options.grpc);
  try {
    return await weaviate.connectToCustom({
      httpHost: http.hostname,
      httpPort: Number(http.port || (secure ? 443 : 80)),
      httpPath: http.pathname === '/' ? '' : http.pathname,
      httpSecure: secure,
      grpcHost,
      grpcPort,
      grpcSecure: secure,
      timeout: { init: CONNECT_TIMEOUT_SECONDS, query: Math.max(1, Math.ceil(options.timeoutMs / 1_000)) },
      ...(options.apiKey ? { authCredentials: new weaviate.ApiKey(options.apiKey) } : {}),
    });
  } catch (thrown) {
    const where = `${options.url} (gRPC ${options.grpc})`;
    throw new UnavailableError(
      'weaviate',
      `Weaviate is out of reach at ${where}: ${ensureError(thrown).message}`,
      {
        cause: thrown,
      },
    );
  }
}

async function run(
  client: WeaviateClient,
  collection: string,
  tenant: string,
  query: IndexQuery,
): Promise<IndexHit[]> {
  const objects = client.collections.use(collection).withTenant(tenant);
  const common = {
    limit: query.limit,
    returnProperties: [],
    ...(query.ids ? { filters: objects.filter.byId().containsAny([...query.ids]) } : {}),
  };
  const vector = query.vector ? Array.from(query.vector) : null;
  if (vector && query.terms !== '') {
    const { objects: hits } = await objects.query.hybrid(query.terms, {
      ...common,
      vector,
      alpha: HYBRID_ALPHA,
      fusionType: 'RelativeScore',
      queryProperties: [TERMS_PROPERTY],
      returnMetadata: ['score'],
    });
    return hits.map((hit) => ({ id: hit.uuid, score: hit.metadata?.score ?? 0 }));
  }
  if (vector) {
    const { objects: hits } = await objects.query.nearVector(vector, {
      ...common,
      returnMetadata: ['distance'],
    });
    return hits.map((hit) => ({ id: hit.uuid, score: 1 - (hit.metadata?.distance ?? 1) }));
  }
  if (query.terms === '') return [];
  const { objects: hits } = await objects.query.bm25(query.terms, {
    ...common,
    queryProperties: [TERMS_PROPERTY],
    returnMetadata: ['score'],
  });
  return hits.map((hit) => ({ id: hit.uuid, score: hit.metadata?.score ?? 0 }));
}

function splitAddress(address: string): [string, number] {
  const plain = address.replace(/^\w+:\/\//, '').replace(/\/+$/, '');
  const colon = plain.lastIndexOf(':');
  return colon < 0 ? [plain, 50_051] : [plain.slice(0, colon), Number(plain.slice(colon + 1))];
}

async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new UnavailableError('weaviate', `Weaviate did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
