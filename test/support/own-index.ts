import { randomUUID } from 'node:crypto';
import { collectionName } from '../../src/index/weaviate-collection';
import type { WeaviateCollection } from './weaviate-shards';

/** A collection of a stack's own on the tests' Weaviate, of a stack without an embedder. */
export interface OwnIndex extends WeaviateCollection {
  /** What the stack's WEAVIATE_COLLECTION is. */
  prefix: string;
  drop(): Promise<void>;
}

/** Names a collection; a stack that is started with its prefix makes it. */
export function nameOwnIndex(): OwnIndex {
  const prefix = `N${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const url = process.env['WEAVIATE_URL']!;
  const key = process.env['WEAVIATE_API_KEY'] ?? '';
  const collection = collectionName(prefix, null);
  return {
    prefix,
    url,
    key,
    collection,
    async drop() {
      await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
    },
  };
}
