import { randomUUID } from 'node:crypto';
import { indexBatches } from '../../activities/index-batches';
import { rawMemoryId, tenantName } from '../../src/domain/ids';
import { UnavailableError } from '../../src/domain/errors';
import { collectionName } from '../../src/index/weaviate-collection';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createReaders } from '../../src/models/create-readers';
import { createOpenAiEmbedder } from '../../src/models/openai-embedder';
import { indexObjectsOf } from '../../src/recall/index-objects';
import { keepIndex } from '../../src/recall/keep-index';
import { createRecall } from '../../src/recall/recall';
import { deleteMemory } from '../../src/record/delete-memory';
import { changeMemory, saveFact, type NewFact } from '../../src/record/facts';
import { beginIdempotent, finishIdempotent } from '../../src/record/idempotency';
import { lockInjectable } from '../../src/record/injections';
import { getMemories } from '../../src/record/memories';
import { acceptMessages } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { indexPendingOf, indexTalk, newFact } from '../support/remembered';
import { saying } from '../support/saying';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';

const weaviateUrl = process.env['WEAVIATE_URL'] ?? 'http://127.0.0.1:8081';
const grpc = process.env['WEAVIATE_GRPC'] ?? '127.0.0.1:50051';
const pool = createPool({
  url: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories',
  size: 6,
});
const prefix = `F${randomUUID().replace(/-/g, '').slice(0, 12)}`;
const NEVER = new AbortController().signal;

let stub: StubEmbeddingServer;
let deps: Parameters<typeof keepIndex>[0] & { index: ReturnType<typeof createWeaviateIndex> };
let owner: { namespace: string; userId: string };

function indexAt(url: string, grpcAt: string): ReturnType<typeof createWeaviateIndex> {
  const embedderName = deps?.embedder?.name ?? 'text-embedding-3-small-64';
  return createWeaviateIndex({
    url,
    grpc: grpcAt,
    apiKey: '',
    collectionPrefix: prefix,
    embedderName,
    timeoutMs: 5_000,
  });
}

beforeAll(async () => {
  await migrate(pool);
  stub = await startStubEmbeddingServer();
  const embedder = createOpenAiEmbedder({
    url: stub.url,
    apiKey: '',
    model: 'text-embedding-3-small',
    dimensions: 64,
    timeoutMs: 5_000,
  });
  deps = { pool, embedder, index: indexAt(weaviateUrl, grpc) };
  await deps.index.ensureCollection();
});
beforeEach(() => {
  owner = { namespace: `test-${randomUUID()}`, userId: 'ada' };
  stub.reset();
});
afterAll(async () => {
  const collection = collectionName(prefix, deps.embedder!.name);
  await fetch(`${weaviateUrl}/v1/schema/${collection}`, { method: 'DELETE' });
  await deps.index.close();
  await stub.close();
  await pool.end();
});

async function save(one: NewFact): Promise<string> {
  await transaction(pool, (client) => saveFact(client, owner, one));
  return one.id;
}
const pending = (): Promise<string[]> => indexPendingOf(pool, owner.namespace);
const search = async (terms: string): Promise<string[]> =>
  (
    await deps.index.search(tenantName(owner.namespace, owner.userId), { terms, vector: null, limit: 10 })
  ).map((hit) => hit.id);

const talk = (conversationId: string, texts: string[]): Promise<string[]> =>
  indexTalk(deps, { ...owner, conversationId }, texts);

describe('what the index is behind with', () => {
  it('is caught up once the index is back; nothing is embedded twice', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    const away = { ...deps, index: indexAt(`http://${nowhere}`, nowhere) };
    const id = await save(newFact('I own a cello'));
    await expect(keepIndex(away, owner, [id])).rejects.toThrow(UnavailableError);
    expect(await pending()).toEqual([id]);
    expect(await keepIndex(deps, owner, [id])).toBe(true);
    expect(await pending()).toEqual([]);
    expect(await search('cello')).toEqual([id]);
    expect(stub.timesEmbedded('user: I own a cello')).toBe(1);
    await away.index.close();
  });

  it('with the embedder away words are found at once, and the vector follows', async () => {
    const id = await save(newFact('I own a trombone'));
    stub.behaviour = { kind: 'status', status: 503 };
    expect(await keepIndex(deps, owner, [id])).toBe(false);
    expect(await search('trombon')).toEqual([id]);
    expect(await pending()).toEqual([id]);
    stub.behaviour = { kind: 'answer' };
    expect(await keepIndex(deps, owner, [id])).toBe(true);
    const [object] = await indexObjectsOf(
      pool,
      owner,
      await getMemories(pool, owner, [id]),
      deps.embedder!.name,
    );
    expect(object!.vector).toHaveLength(64);
  });

  it('a content changed while the old one is embedded gets the new vector', async () => {
    const id = await save(newFact('old words'));
    stub.behaviour = { kind: 'answer', latencyMs: 300 };
    const first = keepIndex(deps, owner, [id]);
    await poll('the old one is being embedded', 5_000, async () => stub.requests.length === 1);
    await transaction(pool, (client) => changeMemory(client, owner, id, { content: 'new words' }));
    await first;
    await keepIndex(deps, owner, [id]);
    expect(stub.timesEmbedded('user: new words')).toBe(1);
    const [row] = (await pool.query('SELECT count(*) FROM memory_vectors WHERE memory_id = $1', [id])).rows;
    expect(row.count).toBe(1);
  });
});

describe('deleting', () => {
  it('takes its words out of the neighbours’ index objects; a rebuilt index is the same', async () => {
    const [secret, next, second, third] = await talk('c', [
      'My safe word is pomegranate',
      'Do not tell anybody',
      'It is late',
      'Good night',
    ]);
    expect(new Set(await search('pomegran'))).toEqual(new Set([secret, next, second]));
    const changed = await transaction(pool, (client) => deleteMemory(client, owner, secret!));
    expect(new Set(changed)).toEqual(new Set([secret, next, second]));
    await keepIndex(deps, owner, changed!);
    expect(await search('pomegran')).toEqual([]);
    expect(await search('night')).toEqual([third]);
  });

  it.each(['deleted', 'rewritten'] as const)(
    'a batch that is indexed again does not bring back what was %s meanwhile',
    async (how) => {
      const ref = { ...owner, conversationId: 'c' };
      const [id] = await talk('c', ['My safe word is pomegranate']);
      const changed = await transaction(pool, async (client) => {
        if (how === 'deleted') return deleteMemory(client, owner, id!);
        await changeMemory(client, owner, id!, { content: 'My safe word is a secret' });
        return [id!];
      });
      await keepIndex(deps, owner, changed!);
      await indexBatches(
        { ...deps, ...createReaders(null) },
        ref,
        [{ firstSeq: 1, lastSeq: 1, reason: 'size', attempts: 0, cancelled: false, memoryId: id! }],
        NEVER,
      );
      expect(await search('pomegran')).toEqual([]);
      expect(await search('secret')).toEqual(how === 'rewritten' ? [id] : []);
    },
  );

  it('while a later batch is indexed: its words do not stay', async () => {
    const ref = { ...owner, conversationId: 'c' };
    const [secret] = await talk('c', ['My safe word is pomegranate']);
    await acceptMessages(pool, ref, [saying('m2', 'Tell nobody')]);
    const memoryId = rawMemoryId(ref, 2, 2, 0);
    // Deleted just before the index is written, after the turns were read.
    const index = {
      ...deps.index,
      upsert: async (...args: Parameters<typeof deps.index.upsert>) => {
        const changed = await transaction(pool, (client) => deleteMemory(client, owner, secret!));
        await keepIndex(deps, owner, changed!);
        await deps.index.upsert(...args);
      },
    };
    await indexBatches(
      { ...deps, ...createReaders(null), index },
      ref,
      [{ firstSeq: 2, lastSeq: 2, reason: 'size', attempts: 0, cancelled: false, memoryId }],
      NEVER,
    );
    expect(await search('pomegran')).toEqual([memoryId]);
    expect(await pending()).toEqual([memoryId]);
    await keepIndex(deps, owner, [memoryId]);
    expect(await search('pomegran')).toEqual([]);
    expect(await search('nobodi')).toEqual([memoryId]);
  });

  it('keeps no answer that was being made meanwhile', async () => {
    const id = await save(newFact('My safe word is pomegranate'));
    const ask = (key: string, userId: string) => ({
      ...{ namespace: owner.namespace, route: 'POST /v1/retrieve', key, userId, bodyHash: 'h' },
    });
    await beginIdempotent(pool, ask('hers', 'ada'));
    await beginIdempotent(pool, ask('other', 'bob'));
    await transaction(pool, (client) => deleteMemory(client, owner, id));
    await finishIdempotent(pool, ask('hers', 'ada'), 200, 'pomegranate');
    await finishIdempotent(pool, ask('other', 'bob'), 200, 'plum');
    expect(await beginIdempotent(pool, ask('hers', 'ada'))).toEqual({ kind: 'started' });
    expect(await beginIdempotent(pool, ask('other', 'bob'))).toMatchObject({ kind: 'replay' });
    // The key's next answer is kept again.
    await finishIdempotent(pool, ask('hers', 'ada'), 200, 'nothing');
    expect(await beginIdempotent(pool, ask('hers', 'ada'))).toMatchObject({ kind: 'replay' });
  });

  it('waits for whoever is injecting, and is seen by whoever comes later', async () => {
    const id = await save(newFact('My safe word is pomegranate'));
    const ref = { ...owner, conversationId: 'c' };
    let deleted: Promise<unknown> = Promise.resolve();
    await transaction(pool, async (client) => {
      expect(await lockInjectable(client, ref, [id])).toEqual(new Set([id]));
      deleted = transaction(pool, (other) => deleteMemory(other, owner, id));
      await poll('the deletion waits', 5_000, async () => {
        const waiting = await pool.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE memories SET deleted_at%'`,
        );
        return waiting.rowCount! > 0;
      });
      await client.query(
        `INSERT INTO injections (namespace, user_id, conversation_id, seq, ordinal, memory_id, content, source, channel, score, metadata)
         VALUES ($1, 'ada', 'c', 1, 0, $2, 'pomegranate', 'system', 'inline', 1, '{}')`,
        [owner.namespace, id],
      );
    });
    await deleted;
    const left = await pool.query('SELECT 1 FROM injections WHERE namespace = $1', [owner.namespace]);
    expect(left.rowCount).toBe(0);
    expect(await lockInjectable(pool, ref, [id])).toEqual(new Set());
  });
});

describe('changing a raw memory’s content', () => {
  it('is found by the new words and no longer by the old ones, in its neighbours neither', async () => {
    const [first, next] = await talk('c', ['My bike is green', 'It was a gift']);
    const changed = await transaction(pool, (client) =>
      changeMemory(client, owner, first!, { content: 'My bike is violet' }),
    );
    await keepIndex(deps, owner, changed!.reindexed);
    expect(await search('green')).toEqual([]);
    expect(await search('violet')).toEqual([first]);
    expect(await search('gift')).toEqual([next]);
    const recall = createRecall({ pool, index: deps.index, embedder: deps.embedder });
    const found = await recall.retrieve({ ...owner, query: 'violet bike', limit: 5, offset: 0 });
    expect(found.memories[0]).toMatchObject({ id: first, content: 'My bike is violet', matches: [] });
    expect(found.memories[0]!.relevance).toBeGreaterThan(0.5);
    expect(JSON.stringify(found.memories)).not.toContain('green');
  });
});
