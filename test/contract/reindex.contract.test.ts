import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityDependencies } from '../../activities/dependencies';
import { createReindexPage } from '../../activities/reindex';
import { tenantName } from '../../src/domain/ids';
import type { MemoryIndex } from '../../src/index/memory-index';
import { collectionName } from '../../src/index/weaviate-collection';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import type { Embedder } from '../../src/models/embedder';
import { createOpenAiEmbedder } from '../../src/models/openai-embedder';
import { keepIndex } from '../../src/recall/keep-index';
import { deleteMemory } from '../../src/record/delete-memory';
import { changeMemory, saveFact } from '../../src/record/facts';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import type { ReindexCounts } from '../../workflows/reindex.contract';
import { indexPendingOf, indexTalk, newFact } from '../support/remembered';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';
import { quietRuntime } from '../workflow/support/workflow-world';

quietRuntime();
const pool = createPool({ url: process.env['DATABASE_URL']!, size: 8 });
const prefix = `X${randomUUID().replace(/-/g, '').slice(0, 12)}`;
const weaviateUrl = process.env['WEAVIATE_URL']!;
let stub: StubEmbeddingServer;
let embedder: Embedder;
let index: MemoryIndex;
let owner: { namespace: string; userId: string };

beforeAll(async () => {
  await migrate(pool);
  stub = await startStubEmbeddingServer();
  embedder = createOpenAiEmbedder({
    url: stub.url,
    apiKey: '',
    model: 'text-embedding-3-small',
    dimensions: 64,
    timeoutMs: 5_000,
  });
  index = createWeaviateIndex({
    url: weaviateUrl,
    grpc: process.env['WEAVIATE_GRPC']!,
    apiKey: process.env['WEAVIATE_API_KEY'] ?? '',
    collectionPrefix: prefix,
    embedderName: embedder.name,
    timeoutMs: 5_000,
  });
  await index.ensureCollection();
});
beforeEach(() => {
  owner = { namespace: `test-${randomUUID()}`, userId: 'ada' };
});
afterAll(async () => {
  await fetch(`${weaviateUrl}/v1/schema/${collectionName(prefix, embedder.name)}`, { method: 'DELETE' });
  await index.close();
  await stub.close();
  await pool.end();
});

/** Reindexes the user; `meanwhile` happens after their memories were read, before their objects are written. */
async function reindex(meanwhile: () => Promise<unknown>): Promise<ReindexCounts> {
  let happened: Promise<unknown> | undefined;
  const slow: MemoryIndex = {
    ...index,
    upsert: async (tenant, objects) => {
      await (happened ??= meanwhile());
      await index.upsert(tenant, objects);
    },
  };
  const page = createReindexPage({ pool, embedder, index: slow } as unknown as ActivityDependencies);
  const input = { ...owner, rewrite: true, objectsPerSecond: null, from: null };
  const done: Awaited<ReturnType<typeof page>> = await new MockActivityEnvironment().run(page, input);
  expect(done.next).toBeNull();
  expect(happened).toBeDefined();
  return done.counts;
}
/** What whoever changes a memory does behind the change. */
const keep = (ids: readonly string[]): Promise<boolean> => keepIndex({ pool, index, embedder }, owner, ids);
/** What the sweep does. */
async function catchUp(): Promise<string[]> {
  const pending = await indexPendingOf(pool, owner.namespace);
  await keep(pending);
  return pending;
}
const search = async (terms: string, vector: Float32Array | null = null): Promise<string[]> =>
  (await index.search(tenantName(owner.namespace, owner.userId), { terms, vector, limit: 10 })).map(
    (hit) => hit.id,
  );
async function save(content: string): Promise<string> {
  const fact = newFact(content);
  await transaction(pool, (client) => saveFact(client, owner, fact));
  return fact.id;
}
async function change(id: string, content: string): Promise<void> {
  const changed = await transaction(pool, (client) => changeMemory(client, owner, id, { content }));
  await keep(changed!.reindexed);
}

it('leaves nothing behind when nothing changes meanwhile', async () => {
  await keep([await save('I own a cello')]);
  await indexTalk({ pool, index, embedder }, { ...owner, conversationId: 'c' }, ['One', 'Two', 'Three']);
  expect(await reindex(async () => undefined)).toEqual({ users: 1, memories: 4, written: 4, removed: 0 });
  expect(await indexPendingOf(pool, owner.namespace)).toEqual([]);
});

it('a memory that is changed meanwhile is found by its new words, and no longer by the old ones', async () => {
  const [id, other] = [await save('I own a cello'), await save('I own a boat')];
  await keep([id, other]);
  await reindex(() => change(id, 'I own a trombone'));
  expect(await catchUp()).toEqual([id]);
  expect(await search('trombon')).toEqual([id]);
  expect(await search('cello')).toEqual([]);
  expect(await search('boat')).toEqual([other]);
});

it('so are those that have its words as context, and no others', async () => {
  const talk = ['My safe word is pomegranate', 'Tell nobody', 'It is late', 'Good night'];
  const [secret, next, second, third] = await indexTalk(
    { pool, index, embedder },
    { ...owner, conversationId: 'c' },
    talk,
  );
  await reindex(() => change(secret!, 'My safe word is a secret'));
  expect(new Set(await catchUp())).toEqual(new Set([secret, next, second]));
  expect(await search('pomegran')).toEqual([]);
  expect(await search('night')).toEqual([third]);
});

it('a memory that is deleted meanwhile does not come back', async () => {
  const id = await save('My safe word is pomegranate');
  await keep([id]);
  await reindex(async () => {
    const changed = await transaction(pool, (client) => deleteMemory(client, owner, id));
    await keep(changed!);
    expect(await search('pomegran')).toEqual([]);
  });
  expect(await catchUp()).toEqual([id]);
  expect(await search('pomegran')).toEqual([]);
});

it('a memory that gets its vector meanwhile keeps it', async () => {
  const id = await save('I own a cello');
  const [vector] = await embedder.embed(['user: I own a cello'], { purpose: 'document' });
  await reindex(async () => {
    await keep([id]);
    expect(await search('', vector!)).toEqual([id]);
  });
  expect(await catchUp()).toEqual([id]);
  expect(await search('', vector!)).toEqual([id]);
});
