import { randomUUID } from 'node:crypto';
import { RefusedError, UnavailableError } from '../../src/domain/errors';
import { TenantMissingError, type MemoryIndex } from '../../src/index/memory-index';
import { collectionName } from '../../src/index/weaviate-collection';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { setShards } from '../support/weaviate-shards';

const url = process.env['WEAVIATE_URL'] ?? 'http://127.0.0.1:8081';
const grpc = process.env['WEAVIATE_GRPC'] ?? '127.0.0.1:50051';
const TIMEOUT_MS = 10_000;

const unit = (...numbers: number[]): Float32Array => {
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (x) => x / length);
};
const ids = (hits: { id: string }[]): string[] => hits.map((hit) => hit.id);

const makers: [string, (prefix: string) => MemoryIndex][] = [
  [
    'Weaviate',
    (collectionPrefix) =>
      createWeaviateIndex({
        url,
        grpc,
        apiKey: '',
        collectionPrefix,
        embedderName: 'test-3',
        timeoutMs: TIMEOUT_MS,
      }),
  ],
];

describe.each(makers)('MemoryIndex of %s', (_name, make) => {
  const prefix = `T${randomUUID().replace(/-/g, '').slice(0, 12)}`;
  const index = make(prefix);
  let tenant: string;

  beforeAll(async () => {
    // Several processes start at once.
    await Promise.all([index.ensureCollection(), make(prefix).ensureCollection(), index.ensureCollection()]);
  });
  beforeEach(async () => {
    tenant = `t-${randomUUID()}`;
    await index.createTenant(tenant);
  });
  afterAll(async () => {
    await fetch(`${url}/v1/schema/${collectionName(prefix, 'test-3')}`, { method: 'DELETE' });
    await index.close();
  });

  it('finds by words, by vector and by both, best first', async () => {
    const [words, meaning, both, neither] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await index.upsert(tenant, [
      { id: words, terms: 'garden rose', vector: unit(0, 0, 1) },
      { id: meaning, terms: 'flower bed', vector: unit(1, 0, 0) },
      { id: both, terms: 'garden bed', vector: unit(1, 0.1, 0) },
      { id: neither, terms: 'car tyre', vector: unit(0, 1, 0) },
    ]);
    expect(new Set(ids(await index.search(tenant, { terms: 'garden', vector: null, limit: 10 })))).toEqual(
      new Set([words, both]),
    );
    expect(ids(await index.search(tenant, { terms: '', vector: unit(1, 0, 0), limit: 2 }))).toEqual([
      meaning,
      both,
    ]);
    const hits = await index.search(tenant, { terms: 'garden', vector: unit(1, 0, 0), limit: 10 });
    expect(hits[0]!.id).toBe(both);
    expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a));
    expect(await index.search(tenant, { terms: '', vector: null, limit: 10 })).toEqual([]);
  });

  it('splits terms at spaces alone and keeps their case and signs', async () => {
    const id = randomUUID();
    await index.upsert(tenant, [{ id, terms: '4.5 東京 the', vector: null }]);
    for (const terms of ['4.5', '東京', 'the']) {
      expect(ids(await index.search(tenant, { terms, vector: null, limit: 1 }))).toEqual([id]);
    }
    for (const terms of ['4', '京', 'THE']) {
      expect(await index.search(tenant, { terms, vector: null, limit: 1 })).toEqual([]);
    }
  });

  it('restricts a search to ids', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    await index.upsert(tenant, [
      { id: a, terms: 'tea', vector: unit(1, 0, 0) },
      { id: b, terms: 'tea', vector: unit(1, 0, 0) },
    ]);
    const query = { terms: 'tea', vector: unit(1, 0, 0), limit: 10 };
    expect(ids(await index.search(tenant, { ...query, ids: [b] }))).toEqual([b]);
    expect(await index.search(tenant, { ...query, ids: [] })).toEqual([]);
    expect(await index.search(tenant, { ...query, ids: [randomUUID()] })).toEqual([]);
  });

  it('replaces an object of the same id', async () => {
    const id = randomUUID();
    await index.upsert(tenant, [{ id, terms: 'before', vector: unit(1, 0, 0) }]);
    await index.upsert(tenant, [{ id, terms: 'after', vector: unit(0, 1, 0) }]);
    expect(await index.count(tenant)).toBe(1);
    expect(await index.search(tenant, { terms: 'before', vector: null, limit: 5 })).toEqual([]);
    expect(ids(await index.search(tenant, { terms: 'after', vector: null, limit: 5 }))).toEqual([id]);
  });

  it('takes more objects than one request holds', async () => {
    const objects = Array.from({ length: 450 }, (_, i) => ({
      id: randomUUID(),
      terms: `n${i}`,
      vector: null,
    }));
    await index.upsert(tenant, objects);
    expect(await index.count(tenant)).toBe(450);
    expect(ids(await index.search(tenant, { terms: 'n449', vector: null, limit: 5 }))).toEqual([
      objects[449]!.id,
    ]);
    await index.remove(
      tenant,
      objects.slice(1).map((object) => object.id),
    );
    expect(await index.count(tenant)).toBe(1);
  });

  it('keeps tenants apart', async () => {
    const other = `t-${randomUUID()}`;
    await index.createTenant(other);
    const id = randomUUID();
    await index.upsert(tenant, [{ id, terms: 'secret', vector: unit(1, 0, 0) }]);
    const query = { terms: 'secret', vector: unit(1, 0, 0), limit: 10 };
    expect(await index.search(other, query)).toEqual([]);
    expect(await index.search(other, { ...query, ids: [id] })).toEqual([]);
    await index.remove(other, [id]);
    expect(await index.count(tenant)).toBe(1);
  });

  it('reads an unknown tenant as empty, and refuses to write to it', async () => {
    const unknown = `t-${randomUUID()}`;
    expect(await index.search(unknown, { terms: 'x', vector: unit(1, 0, 0), limit: 5 })).toEqual([]);
    expect(await index.count(unknown)).toBe(0);
    await index.remove(unknown, [randomUUID()]);
    await index.removeTenant(unknown);
    const late = index.upsert(unknown, [{ id: randomUUID(), terms: 'x', vector: null }]);
    await expect(late).rejects.toBeInstanceOf(TenantMissingError);
    expect(await index.count(unknown)).toBe(0);
  });

  it('forgets all of a removed tenant, also for late writes', async () => {
    await index.upsert(tenant, [{ id: randomUUID(), terms: 'x', vector: unit(1, 0, 0) }]);
    await index.removeTenant(tenant);
    expect(await index.count(tenant)).toBe(0);
    const late = index.upsert(tenant, [{ id: randomUUID(), terms: 'x', vector: null }]);
    await expect(late).rejects.toBeInstanceOf(TenantMissingError);
    await index.createTenant(tenant);
    await index.createTenant(tenant);
    expect(await index.count(tenant)).toBe(0);
  });

  it('refuses for good what can never be indexed, and writes what stands beside it', async () => {
    await index.upsert(tenant, [{ id: randomUUID(), terms: 'x', vector: unit(1, 0, 0) }]);
    const fine = { id: randomUUID(), terms: 'y', vector: unit(0, 1, 0) };
    const wrongLength = { id: randomUUID(), terms: 'z', vector: unit(1, 0) };
    await expect(index.upsert(tenant, [wrongLength, fine])).rejects.toBeInstanceOf(RefusedError);
    expect(ids(await index.search(tenant, { terms: 'y', vector: null, limit: 5 }))).toEqual([fine.id]);
    const notFinite = { id: randomUUID(), terms: 'z', vector: Float32Array.from([NaN, 0, 0]) };
    await expect(index.upsert(tenant, [notFinite])).rejects.toBeInstanceOf(RefusedError);
  });

  it('is ready', async () => {
    await expect(index.check()).resolves.toBeUndefined();
  });

  it('says when it is read-only, answers searches all the same, and takes writes again', async () => {
    const at = { url, key: '', collection: collectionName(prefix, 'test-3') };
    const [known, late] = [randomUUID(), randomUUID()];
    await index.upsert(tenant, [{ id: known, terms: 'known', vector: null }]);
    await expect(index.checkWritable()).resolves.toBeUndefined();
    expect(await setShards(at, 'READONLY')).toBe(true);
    const refused = await index.checkWritable().catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(UnavailableError);
    expect((refused as Error).message).toMatch(/takes no writes.*docs\/runbook\.md.*read-only/);
    await expect(index.check()).resolves.toBeUndefined();
    const writing = index.upsert(tenant, [{ id: late, terms: 'late', vector: null }]);
    await expect(writing).rejects.toBeInstanceOf(UnavailableError);
    await expect(index.remove(tenant, [known])).rejects.toBeInstanceOf(UnavailableError);
    expect(ids(await index.search(tenant, { terms: 'known', vector: null, limit: 5 }))).toEqual([known]);
    expect(await setShards(at, 'READY')).toBe(true);
    await expect(index.checkWritable()).resolves.toBeUndefined();
  });
});

describe('Weaviate out of reach', () => {
  const index = createWeaviateIndex({
    url: 'http://127.0.0.1:65533',
    grpc: '127.0.0.1:65533',
    apiKey: '',
    collectionPrefix: 'Nowhere',
    embedderName: null,
    timeoutMs: 1_500,
  });
  afterAll(() => index.close());
  const vector = unit(1, 0, 0);

  it.each<[string, () => Promise<unknown>]>([
    ['ensureCollection', () => index.ensureCollection()],
    ['createTenant', () => index.createTenant('t')],
    ['upsert', () => index.upsert('t', [{ id: randomUUID(), terms: 'x', vector }])],
    ['search', () => index.search('t', { terms: 'x', vector, limit: 1 })],
    ['remove', () => index.remove('t', [randomUUID()])],
    ['removeTenant', () => index.removeTenant('t')],
    ['count', () => index.count('t')],
    ['check', () => index.check()],
    ['checkWritable', () => index.checkWritable()],
  ])('%s says that waiting may help', async (_name, call) => {
    await expect(call()).rejects.toBeInstanceOf(UnavailableError);
  });
});
