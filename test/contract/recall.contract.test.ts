import { randomUUID } from 'node:crypto';
import { indexBatches } from '../../activities/index-batches';
import { DEFAULT_RETRIEVAL_POLICY } from '../../src/domain/policy';
import { decideInjections } from '../../src/domain/injection';
import { UnavailableError } from '../../src/domain/errors';
import { rawMemoryId, tenantName } from '../../src/domain/ids';
import type { Memory } from '../../src/domain/memory';
import type { IncomingMessage } from '../../src/domain/message';
import { collectionName } from '../../src/index/weaviate-collection';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createReaders } from '../../src/models/create-readers';
import type { Embedder } from '../../src/models/embedder';
import { createLocalEmbedder } from '../../src/models/local-embedder';
import { defaultModelDir } from '../../src/models/model-files';
import { createRecall, type RetrieveRequest, type RetrieveResult } from '../../src/recall/recall';
import { acceptMessages } from '../../src/record/messages';
import { deleteMemory } from '../../src/record/delete-memory';
import { saveMemories } from '../../src/record/memories';
import { migrate } from '../../src/record/migrate';
import { createPool } from '../../src/record/pool';
import { EVERYDAY } from '../eval/everyday-talk';

const databaseUrl = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories';
const weaviateUrl = process.env['WEAVIATE_URL'] ?? 'http://127.0.0.1:8081';
const grpc = process.env['WEAVIATE_GRPC'] ?? '127.0.0.1:50051';
const THRESHOLD = DEFAULT_RETRIEVAL_POLICY.minSimilarity;
const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;

const pool = createPool({ url: databaseUrl, size: 4 });
const prefix = `R${randomUUID().replace(/-/g, '').slice(0, 12)}`;

beforeAll(async () => {
  await migrate(pool);
});
afterAll(() => pool.end());

const makers: [string, () => Embedder | null][] = [
  ['MiniLM', () => createLocalEmbedder({ modelDir: defaultModelDir(), threads: 1 })],
  ['words alone', () => null],
];

describe.each(makers)('recall with %s', (_name, makeEmbedder) => {
  const embedder = makeEmbedder();
  const embedderName = embedder?.name ?? null;
  const index = createWeaviateIndex({
    url: weaviateUrl,
    grpc,
    apiKey: '',
    collectionPrefix: prefix,
    embedderName,
    timeoutMs: 10_000,
  });
  const recall = createRecall({ pool, index, embedder });
  let namespace: string;

  beforeAll(() => index.ensureCollection());
  beforeEach(() => {
    namespace = `test-${randomUUID()}`;
  });
  afterAll(async () => {
    await fetch(`${weaviateUrl}/v1/schema/${collectionName(prefix, embedderName)}`, { method: 'DELETE' });
    await index.close();
    await embedder?.close();
  });

  /** Stores a conversation and indexes it in batches of `size`; gives the memories' ids. */
  async function store(
    userId: string,
    conversationId: string,
    texts: string[],
    size = 1,
    more: Partial<IncomingMessage> = {},
  ): Promise<string[]> {
    const ref = { namespace, userId, conversationId };
    const accepted = await acceptMessages(
      pool,
      ref,
      texts.map((content, i) => ({
        messageId: `${conversationId}-${i + 1}`,
        role: 'user',
        content,
        name: null,
        timestamp: new Date(START_MS + i * HOUR_MS),
        metadata: {},
        forcedPersona: null,
        ...more,
      })),
    );
    const batches = [];
    for (let first = 1; first <= accepted.length; first += size) {
      const lastSeq = Math.min(first + size - 1, accepted.length);
      batches.push({
        firstSeq: first,
        lastSeq,
        reason: 'size' as const,
        attempts: 1,
        cancelled: false,
        memoryId: rawMemoryId(ref, first, lastSeq, 0),
      });
    }
    const { outcomes } = await indexBatches(
      {
        pool,
        index,
        embedder,
        ...createReaders(null),
      },
      ref,
      batches,
      NEVER,
    );
    expect(outcomes.filter((outcome) => outcome.failureReason !== null)).toEqual([]);
    return batches.map((batch) => batch.memoryId);
  }
  const retrieve = (
    userId: string,
    query: string | null,
    more: Partial<RetrieveRequest> = {},
  ): Promise<RetrieveResult> => recall.retrieve({ namespace, userId, query, limit: 10, offset: 0, ...more });
  const ids = (result: RetrieveResult): string[] => result.memories.map((memory) => memory.id);
  const injected = async (userId: string, content: string): Promise<string[]> => {
    const ref = { namespace, userId, conversationId: 'now' };
    const candidates = await recall.prepareInjections(ref, { content }, []);
    const context = {
      conversationId: 'now',
      seq: 100,
      policy: DEFAULT_RETRIEVAL_POLICY,
      content,
      lookback: [],
      recent: [],
    };
    return decideInjections(candidates, context).map((one) => one.injection.content);
  };

  it('answers from a user’s very first memory, and to nobody else', async () => {
    const goal = EVERYDAY[0]!.memory;
    await store('ana', 'first', [goal]);
    await store('bo', 'first', ['I am allergic to peanuts.']);
    expect(await injected('ana', 'Any updates on my savings goal?')).toEqual([goal]);
    expect(await injected('bo', 'Any updates on my savings goal?')).toEqual([]);
    expect(await injected('stranger', 'Any updates on my savings goal?')).toEqual([]);
    for (const talk of ['ok thanks', 'lol', 'good morning!']) expect(await injected('ana', talk)).toEqual([]);
  });

  it('finds each of a handful of memories, and says nothing to what lies in none', async () => {
    const owned = EVERYDAY.slice(0, 9).map((one) => one.memory);
    await store('ana', 'c', owned);
    let found = 0;
    for (const { memory, questions } of EVERYDAY.slice(0, 9)) {
      if ((await retrieve('ana', questions[0]!)).memories[0]!.content === memory) found += 1;
    }
    // Words alone cannot tell that shares are stocks.
    expect(found).toBeGreaterThanOrEqual(embedder ? 9 : 6);
    const answered = await Promise.all(
      EVERYDAY.slice(9).map(({ questions }) => injected('ana', questions[0]!)),
    );
    expect(answered.filter((contents) => contents.length > 0).length).toBeLessThanOrEqual(1);
  });

  it('gives every turn of a batch with its relevance, best first, and reasons that add up', async () => {
    await store(
      'ana',
      'c',
      ['The weather is grey', 'My cello lesson is on Tuesday', 'Bye now', 'The car needs brakes'],
      3,
    );
    const { memories, weights, persona } = await retrieve('ana', 'When is my cello lesson?', {
      persona: { forced: 'work' },
    });
    const [best] = memories;
    expect(best!.metadata).toMatchObject({ batch_size: 3, aggregation: 'batched_transcript' });
    expect(best!.matches.map((match) => match.messageId)[0]).toBe('c-2');
    expect(best!.matches).toHaveLength(3);
    expect(best!.matches[0]!.score).toBeCloseTo(best!.relevance);
    expect(best!.matches.map((match) => match.score)).toEqual(
      [...best!.matches.map((match) => match.score)].sort((a, b) => b - a),
    );
    expect(persona).toMatchObject({ selected: 'work', confidence: 1 });
    expect(weights.semantic).toBe(0.35);
    for (const { score, relevance, explain } of memories) {
      expect(explain.semantic + explain.temporal + explain.importance + explain.emotional).toBeCloseTo(
        score,
        10,
      );
      for (const share of [score, relevance, explain.keyword]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
      expect(explain.reason).not.toBe('');
    }
  });

  it('reaches every memory exactly once by pages, with a query and without', async () => {
    const all = new Set([
      ...(await store(
        'ana',
        'b',
        Array.from({ length: 70 }, (_, i) => `Note number ${i} about topic ${i % 7}`),
      )),
      ...(await store(
        'ana',
        'a',
        Array.from({ length: 10 }, (_, i) => `My cello lesson ${i}`),
        2,
      )),
    ]);
    for (const query of ['cello lesson', null]) {
      const seen: string[] = [];
      const scores: number[] = [];
      for (let offset = 0; offset < 90; offset += 7) {
        const page = await retrieve('ana', query, { limit: 7, offset });
        expect(page.total).toBe(75);
        seen.push(...ids(page));
        scores.push(...page.memories.map((memory) => memory.score));
      }
      expect(seen).toHaveLength(75);
      expect(new Set(seen)).toEqual(all);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it('lists by time without a query', async () => {
    const made = await store('ana', 'c', ['one', 'two', 'three']);
    const newest = await retrieve('ana', null);
    expect(ids(newest)).toEqual([...made].reverse());
    expect(newest.memories[0]).toMatchObject({ score: 0, relevance: 0, matches: [] });
    expect(ids(await retrieve('ana', '  ', { sort: 'oldest' }))).toEqual(made);
    expect(await retrieve('nobody', null)).toMatchObject({ memories: [], total: 0 });
    expect(await retrieve('nobody', 'one')).toMatchObject({ memories: [], total: 0 });
  });

  it('filters, and counts what passes', async () => {
    const [first, second, third] = await store('ana', 'c', [
      'tea in spring',
      'tea in summer',
      'tea in winter',
    ]);
    const [health] = await store('ana', 'd', ['tea for my throat'], 1, {
      forcedPersona: 'health',
      metadata: { topic: 'tea', cups: 2, with: ['milk', 'honey'], pot: { size: 3 } },
    });
    await saveMemories(pool, { namespace, userId: 'ana' }, [
      fact('ana', 'Likes tea', { layer: 'semantic', type: 'implicit' }),
    ]);
    const cases: [RetrieveRequest['filter'], string[] | number][] = [
      [{ persona: 'health' }, [health!]],
      [{ metadata: [{ key: 'topic', value: 'tea' }] }, [health!]],
      [{ metadata: [{ key: 'cups', value: '2' }] }, [health!]],
      [
        {
          metadata: [
            { key: 'topic', value: 'tea' },
            { key: 'cups', value: '3' },
          ],
        },
        [],
      ],
      [{ metadataEquals: { topic: 'tea', cups: 2 } }, [health!]],
      [{ metadataEquals: { cups: '2' } }, []],
      [{ metadataEquals: { with: ['milk', 'honey'], pot: { size: 3 } } }, [health!]],
      [{ metadataEquals: { with: ['milk'] } }, []],
      [{ metadataEquals: { pot: {} } }, []],
      [{ where: { metadata: { with: [] } } }, []],
      [{ where: { metadata: { cups: 2, pot: { size: 3 } } } }, [health!]],
      [
        { createdAfter: new Date(START_MS + HOUR_MS), createdBefore: new Date(START_MS + 2 * HOUR_MS) },
        [second!],
      ],
      [{ createdAfter: new Date(START_MS + HOUR_MS), layer: 'short-term' }, [second!, third!]],
      [{ layer: 'semantic' }, 1],
      [{ type: 'explicit' }, [first!, second!, third!, health!]],
      [{ layer: 'episodic' }, []],
    ];
    for (const [filter, expected] of cases) {
      for (const query of ['tea', null]) {
        const result = await retrieve('ana', query, { filter });
        const count = typeof expected === 'number' ? expected : expected.length;
        expect(result.total).toBe(count);
        expect(result.memories).toHaveLength(count);
        if (typeof expected !== 'number') expect(new Set(ids(result))).toEqual(new Set(expected));
      }
    }
  });

  it('never gives what was deleted, superseded or has expired, not as context either', async () => {
    const [gone, stays, old, expired] = await store('ana', 'c', [
      'My cello is blue',
      'It cost a lot',
      'My cello was red',
      'My cello is lost',
    ]);
    await deleteMemory(pool, { namespace, userId: 'ana' }, gone!);
    await pool.query('UPDATE memories SET superseded_by = $3 WHERE namespace = $1 AND id = $2', [
      namespace,
      old,
      stays,
    ]);
    await pool.query(
      "UPDATE memories SET expires_at = now() - interval '1 second' WHERE namespace = $1 AND id = $2",
      [namespace, expired],
    );
    const result = await retrieve('ana', 'What colour is my cello?');
    expect(ids(result)).toEqual([stays]);
    expect(result.total).toBe(1);
    expect(JSON.stringify(result)).not.toMatch(/is blue|was red|is lost/);
    expect(await injected('ana', 'What colour is my cello?')).toEqual([]);
  });

  it('tells at once what changed of what was asked for before', async () => {
    const [changed, gone, stays] = (await store('ana', 'c', [
      'My cello is red.',
      'I play the cello at the harbour.',
      'My cello teacher is Mia.',
    ])) as [string, string, string];
    const asked = 'What do I tell about my cello?';
    expect(ids(await retrieve('ana', asked)).sort()).toEqual([changed, gone, stays].sort());
    await pool.query('UPDATE memories SET importance = 0, metadata = $3 WHERE namespace = $1 AND id = $2', [
      namespace,
      changed,
      { mood: 'calm' },
    ]);
    await deleteMemory(pool, { namespace, userId: 'ana' }, gone);
    const again = await retrieve('ana', asked);
    expect(ids(again).sort()).toEqual([changed, stays].sort());
    const memory = again.memories.find((one) => one.id === changed)!;
    expect([memory.importance, memory.metadata]).toEqual([0, { mood: 'calm' }]);
    expect(memory.explain.importance).toBe(0);
  });

  it('keeps users and namespaces apart, whatever ids they share', async () => {
    await store('ana', 'c', ['My cello is blue']);
    await store('bo', 'c', ['My cello is green']);
    const other = await recall.retrieve({
      namespace: `test-${randomUUID()}`,
      userId: 'ana',
      query: 'cello',
      limit: 10,
      offset: 0,
    });
    expect(other).toMatchObject({ memories: [], total: 0 });
    expect((await retrieve('bo', 'my cello')).memories.map((memory) => memory.content)).toEqual([
      'My cello is green',
    ]);
  });

  it('gives the same answers from a rebuilt index', async () => {
    const texts = EVERYDAY.map((one) => one.memory);
    await store('ana', 'c', texts, 2);
    const answers = async (): Promise<RetrieveResult[]> => {
      const results = [];
      // One after the other: texts embedded together may differ in the last digits.
      for (const { questions } of EVERYDAY) {
        results.push(await retrieve('ana', questions[0]!, { asOf: new Date(START_MS) }));
      }
      return results;
    };
    const before = await answers();
    await index.removeTenant(tenantName(namespace, 'ana'));
    expect((await retrieve('ana', 'savings')).memories.every((memory) => memory.score === 0)).toBe(true);
    await store('ana', 'c', texts, 2);
    expect(await answers()).toEqual(before);
  });

  it('reads a follow-up with what was said before it', async () => {
    await store(
      'ana',
      'c',
      EVERYDAY.slice(0, 6).map((one) => one.memory),
    );
    const ref = { namespace, userId: 'ana', conversationId: 'now' };
    const found = await recall.prepareInjections(ref, { content: 'and what about that?' }, [
      { content: 'I want to talk about my savings goal' },
    ]);
    const scores = found.relevances(found.memories);
    const best = found.memories[scores.indexOf(Math.max(...scores))];
    expect(best!.content).toBe(EVERYDAY[0]!.memory);
    expect(Math.max(...scores)).toBeGreaterThanOrEqual(THRESHOLD);
  });

  it('pages through the best for an explicit question', async () => {
    await store(
      'ana',
      'c',
      EVERYDAY.slice(0, 6).map((one) => one.memory),
    );
    const ref = { namespace, userId: 'ana', conversationId: 'now' };
    const top = await recall.topInjections(ref, 'savings goal', { limit: 3, offset: 0 });
    expect(top[0]).toMatchObject({
      content: EVERYDAY[0]!.memory,
      source: 'short_term',
      channel: 'inline',
      metadata: { layer: 'short-term', conversation_id: 'now' },
    });
    const next = await recall.topInjections(ref, 'savings goal', { limit: 1, offset: 1 });
    expect(next).toEqual(top.slice(1, 2));
  });

  it('says that waiting may help when the index is away, and lists all the same', async () => {
    await store('ana', 'c', ['My cello is blue']);
    const away = createWeaviateIndex({
      url: 'http://127.0.0.1:65533',
      grpc: '127.0.0.1:65533',
      apiKey: '',
      collectionPrefix: prefix,
      embedderName,
      timeoutMs: 1_000,
    });
    const without = createRecall({ pool, index: away, embedder });
    const request = { namespace, userId: 'ana', limit: 10, offset: 0 };
    await expect(without.retrieve({ ...request, query: 'cello' })).rejects.toMatchObject({
      name: 'UnavailableError',
      service: 'weaviate',
    });
    expect((await without.retrieve({ ...request, query: null })).memories).toHaveLength(1);
    await away.close();
  });

  it('answers by words when the embedder is away', async () => {
    await store(
      'ana',
      'c',
      EVERYDAY.slice(0, 6).map((one) => one.memory),
    );
    const away: Embedder = {
      name: embedderName ?? 'away',
      dimensions: 384,
      embed: () => Promise.reject(new UnavailableError('embedder', 'away')),
      check: () => Promise.reject(new UnavailableError('embedder', 'away')),
      close: () => Promise.resolve(),
    };
    const without = createRecall({ pool, index, embedder: away });
    const result = await without.retrieve({
      namespace,
      userId: 'ana',
      query: 'How is my savings goal?',
      limit: 1,
      offset: 0,
    });
    expect(result.memories[0]).toMatchObject({ content: EVERYDAY[0]!.memory });
    expect(result.memories[0]!.explain.keyword).toBe(1);
  });

  const fact = (userId: string, content: string, more: Partial<Memory>): Memory => ({
    namespace,
    userId,
    id: randomUUID(),
    tier: 'fact',
    layer: 'semantic',
    type: 'explicit',
    content,
    conversationId: null,
    firstSeq: null,
    lastSeq: null,
    sourceMessageIds: [],
    importance: 0.8,
    personaTags: ['identity'],
    emotionalSignature: null,
    metadata: {},
    createdAt: new Date(START_MS),
    storedAt: new Date(START_MS),
    ...more,
  });
});
