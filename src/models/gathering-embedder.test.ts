import { startStubEmbeddingServer, type StubEmbeddingServer } from '../../test/support/stub-embedding-server';
import { describeEmbedderContract } from '../../test/contract/embedder.contract';
import { RefusedError, UnavailableError } from '../domain/errors';
import type { Embedder } from './embedder';
import { gather, type GatherOptions } from './gathering-embedder';
import { createOpenAiEmbedder } from './openai-embedder';
import { cosine } from './quantize';
import { rememberQueries } from './query-cache';

const document = { purpose: 'document' } as const;
const query = { purpose: 'query' } as const;
let stub: StubEmbeddingServer;

beforeAll(async () => {
  stub = await startStubEmbeddingServer();
});
beforeEach(() => stub.reset());
afterAll(() => stub.close());

const plain = () =>
  createOpenAiEmbedder({ url: stub.url, apiKey: '', model: 'stub', dimensions: 64, timeoutMs: 5_000 });
const open = (options: GatherOptions = { windowMs: 50 }): Embedder => gather(plain(), options);

describeEmbedderContract('gathering', async () => open({}));

describe('gathering', () => {
  it('makes one request of what several callers want at once', async () => {
    const embedder = open();
    const answers = await Promise.all([
      embedder.embed(['apple', 'pear'], document),
      embedder.embed(['train'], document),
      embedder.embed(['violin', 'apple'], document),
    ]);
    expect(stub.requests.map((request) => request.texts)).toEqual([
      ['apple', 'pear', 'train', 'violin', 'apple'],
    ]);
    expect(answers.map((vectors) => vectors.length)).toEqual([2, 1, 2]);
    expect(cosine(answers[0]![0]!, answers[2]![1]!)).toBeCloseTo(1, 6);
  });

  it('sends a full request without waiting', async () => {
    const embedder = open({ windowMs: 3_600_000, maxTexts: 2 });
    await Promise.all([
      embedder.embed(['a'], document),
      embedder.embed(['b'], document),
      embedder.embed(['c', 'd'], document),
    ]);
    expect(stub.requests).toHaveLength(2);
  });

  it('lets queries through at once', async () => {
    const embedder = open({ windowMs: 3_600_000 });
    const waiting = embedder.embed(['document'], document);
    await embedder.embed(['question'], query);
    expect(stub.requests.map((request) => request.texts)).toEqual([['question']]);
    await embedder.close();
    await expect(waiting).resolves.toHaveLength(1);
  });

  it('fails the caller whose text is refused, and nobody else', async () => {
    stub.refusedMarker = 'poison';
    const embedder = open();
    const [good, bad, alsoGood] = await Promise.allSettled([
      embedder.embed(['good'], document),
      embedder.embed(['fine', 'poison'], document),
      embedder.embed(['also good'], document),
    ]);
    expect([good!.status, bad!.status, alsoGood!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((bad as PromiseRejectedResult).reason).toBeInstanceOf(RefusedError);
    expect(stub.requests).toHaveLength(4);
    expect(stub.mostTimesEmbedded()).toBe(1);
  });

  it('tells everybody when the service is away', async () => {
    stub.behaviour = { kind: 'drop' };
    const embedder = open();
    const answers = await Promise.allSettled([
      embedder.embed(['a'], document),
      embedder.embed(['b'], document),
    ]);
    for (const answer of answers)
      expect((answer as PromiseRejectedResult).reason).toBeInstanceOf(UnavailableError);
    expect(stub.requests).toHaveLength(1);
  });

  it('goes on for the others when one caller leaves', async () => {
    stub.behaviour = { kind: 'answer', latencyMs: 100 };
    const embedder = open({ windowMs: 1 });
    const leaving = new AbortController();
    const left = embedder.embed(['a'], { ...document, signal: leaving.signal });
    const stays = embedder.embed(['b'], document);
    while (stub.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await expect(stays).resolves.toHaveLength(1);
    expect(stub.requests).toHaveLength(1);
  });
});

describe('remembering queries', () => {
  it('asks for a repeated question once, and never for its copies', async () => {
    const embedder = rememberQueries(plain());
    const [first] = await embedder.embed(['where?'], query);
    first!.fill(0);
    const again = await embedder.embed(['where?', 'when?', 'when?'], query);
    expect(stub.requests.map((request) => request.texts)).toEqual([['where?'], ['when?']]);
    expect(Math.hypot(...again[0]!)).toBeCloseTo(1, 5);
    expect(again[1]).toEqual(again[2]);
  });

  it('remembers no document and no failure', async () => {
    const embedder = rememberQueries(plain());
    await embedder.embed(['a'], document);
    await embedder.embed(['a'], document);
    expect(stub.requests).toHaveLength(2);
    stub.behaviour = { kind: 'drop' };
    await expect(embedder.embed(['q'], query)).rejects.toBeInstanceOf(UnavailableError);
    stub.behaviour = { kind: 'answer' };
    await expect(embedder.embed(['q'], query)).resolves.toHaveLength(1);
  });
});
