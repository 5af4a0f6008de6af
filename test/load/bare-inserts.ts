import { loadConfig } from '../../src/config';
import { tenantName } from '../../src/domain/ids';
import { collectionDefinition, collectionName } from '../../src/index/weaviate-collection';
import type { BenchStack } from './bench-stack';

const OBJECTS_A_REQUEST = 200;
const REQUESTS_IN_FLIGHT = 4;
const PAGE = 500;

export interface WeaviateObject {
  id: string;
  properties: object;
  vector?: number[];
}

/** The objects of a user, as they are in the index. */
export async function objectsOf(
  stack: BenchStack,
  user: string,
  embedderName: string | null,
): Promise<WeaviateObject[]> {
  const config = loadConfig(stack.env);
  const collection = collectionName(config.WEAVIATE_COLLECTION, embedderName);
  const tenant = tenantName(config.NAMESPACE, user);
  const objects: WeaviateObject[] = [];
  for (let after = ''; ; after = objects.at(-1)!.id) {
    const from = after === '' ? '' : `&after=${after}`;
    const path = `/v1/objects?class=${collection}&tenant=${tenant}&include=vector&limit=${PAGE}${from}`;
    const page = (await weaviate(stack, 'GET', path)) as { objects: WeaviateObject[] };
    objects.push(...page.objects);
    if (page.objects.length < PAGE) return objects;
  }
}

/** Writes objects into a new collection like the product's, as fast as REST takes them. @returns objects a second */
export async function bareInserts(stack: BenchStack, objects: readonly WeaviateObject[]): Promise<number> {
  const bare = 'BareInserts';
  const tenant = 'bare';
  await weaviate(stack, 'DELETE', `/v1/schema/${bare}`);
  await weaviate(stack, 'POST', '/v1/schema', collectionDefinition(bare));
  await weaviate(stack, 'POST', `/v1/schema/${bare}/tenants`, [{ name: tenant }]);
  const started = performance.now();
  const parts: WeaviateObject[][] = [];
  for (let from = 0; from < objects.length; from += OBJECTS_A_REQUEST)
    parts.push(objects.slice(from, from + OBJECTS_A_REQUEST));
  const next = parts.values();
  const work = async (): Promise<void> => {
    for (const part of next)
      await weaviate(stack, 'POST', '/v1/batch/objects', {
        objects: part.map(({ id, properties, vector }) => ({ class: bare, tenant, id, properties, vector })),
      });
  };
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, work));
  return objects.length / ((performance.now() - started) / 1_000);
}

/** One request to the stack's Weaviate. @throws whatever it does not answer with a success */
export async function weaviate(
  stack: BenchStack,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { WEAVIATE_URL, WEAVIATE_API_KEY } = loadConfig(stack.env);
  const response = await fetch(`${WEAVIATE_URL}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(WEAVIATE_API_KEY ? { authorization: `Bearer ${WEAVIATE_API_KEY}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
  return text === '' ? null : (JSON.parse(text) as unknown);
}
