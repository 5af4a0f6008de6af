import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { DomainError, UnavailableError } from '../../src/domain/errors';
import type { ConversationRef, IncomingMessage } from '../../src/domain/message';
import {
  failedRanges,
  finishBatches,
  insertBatches,
  reopenFailed,
  unfinishedBatches,
} from '../../src/record/batches';
import {
  conversationState,
  markAnnounced,
  missedAnnouncements,
  setConversationPolicy,
} from '../../src/record/conversations';
import { conversationView } from '../../src/record/conversation-view';
import { beginIdempotent, finishIdempotent } from '../../src/record/idempotency';
import { acceptMessages, readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { MIGRATIONS } from '../../src/record/migrations';
import { createPool, run, transaction } from '../../src/record/pool';
import { DEFAULT_INGESTION_POLICY, DEFAULT_RETRIEVAL_POLICY } from '../../src/domain/policy';
import { saying } from '../support/saying';
import { createTcpGate } from '../support/tcp-gate';

const DEFAULTS = { ingestion: DEFAULT_INGESTION_POLICY, retrieval: DEFAULT_RETRIEVAL_POLICY };
const databaseUrl = process.env['DATABASE_URL']!;
let pool: Pool;

beforeAll(async () => {
  pool = createPool({ url: databaseUrl, size: 20 });
  await migrate(pool);
});
afterAll(() => pool.end());

const someRef = (): ConversationRef => ({
  namespace: `test-${randomUUID()}`,
  userId: 'ada',
  conversationId: 'c1',
});

describe('migrations', () => {
  const withDatabase = async (work: (url: string) => Promise<void>): Promise<void> => {
    const name = `migrate_${randomUUID().replace(/-/g, '')}`;
    const admin = new Client({ connectionString: databaseUrl });
    await admin.connect();
    try {
      await admin.query(`CREATE DATABASE ${name}`);
      const url = new URL(databaseUrl);
      url.pathname = `/${name}`;
      await work(url.toString());
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.end();
    }
  };

  it('go up from empty once, whichever of several processes comes first', async () => {
    await withDatabase(async (url) => {
      const pools = [1, 2, 3].map(() => createPool({ url, size: 2, onError: () => undefined }));
      const applied = await Promise.all(pools.map((one) => migrate(one)));
      expect(applied.flat()).toEqual(MIGRATIONS.map((migration) => migration.version));
      expect(await migrate(pools[0]!)).toEqual([]);
      await Promise.all(pools.map((one) => one.end()));
    });
  });

  it('roll back whole when one fails', async () => {
    await withDatabase(async (url) => {
      const own = createPool({ url, size: 2, onError: () => undefined });
      const broken = [{ version: 1, name: 'broken', sql: 'CREATE TABLE half (id int); SELECT 1/0;' }];
      await expect(migrate(own, broken)).rejects.toThrow(/migration 1 \(broken\) failed/);
      const left = await own.query("SELECT to_regclass('half') AS half");
      expect(left.rows[0].half).toBeNull();
      await own.end();
    });
  });
});

describe('accepting', () => {
  it('allots seqs without gaps, however many write at once', async () => {
    const ref = someRef();
    const requests = Array.from({ length: 40 }, (_, i) =>
      acceptMessages(pool, ref, [saying(`a${i}`), saying(`b${i}`), saying(`c${i}`)]),
    );
    const seqs = (await Promise.all(requests)).flat().map((one) => one.seq);
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect((await readTurns(pool, ref, 1, 200)).map((turn) => turn.seq)).toHaveLength(120);
  });

  it('stores one of eight identical requests', async () => {
    const ref = someRef();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => acceptMessages(pool, ref, [saying('m1')])),
    );
    expect(answers.flat().filter((one) => !one.duplicate)).toHaveLength(1);
    expect(new Set(answers.flat().map((one) => one.seq))).toEqual(new Set([1]));
  });

  it('keeps the order of a request, and knows duplicates inside it', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('old')]);
    const accepted = await acceptMessages(pool, ref, [saying('x'), saying('old'), saying('y'), saying('x')]);
    expect(accepted.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, false],
      [1, true],
      [3, false],
      [2, true],
    ]);
  });

  it.each<[string, Partial<IncomingMessage>]>([
    ['role', { role: 'assistant' }],
    ['name', { name: 'Ada' }],
    ['content', { content: 'other' }],
    ['timestamp', { timestamp: new Date('2024-01-02T00:00:00Z') }],
  ])('refuses a known id with another %s, and stores nothing of that request', async (_, change) => {
    const ref = someRef();
    const first = { ...saying('m1'), timestamp: new Date('2024-01-01T00:00:00Z') };
    await acceptMessages(pool, ref, [first]);
    const request = acceptMessages(pool, ref, [saying('new'), { ...first, ...change }]);
    await expect(request).rejects.toMatchObject({ status: 409, errors: [{ path: 'messages.1.message_id' }] });
    expect((await conversationState(pool, ref))?.appendedThrough).toBe(1);
  });

  it('does not compare a timestamp that is not given', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [{ ...saying('m1'), timestamp: new Date('2024-01-01T00:00:00Z') }]);
    expect((await acceptMessages(pool, ref, [saying('m1')]))[0]).toMatchObject({ seq: 1, duplicate: true });
  });

  it('refuses one id with two contents inside one request', async () => {
    const ref = someRef();
    const request = acceptMessages(pool, ref, [saying('m1', 'one'), saying('m1', 'two')]);
    await expect(request).rejects.toThrow(DomainError);
    expect(await readTurns(pool, ref, 1, 9)).toEqual([]);
  });

  it('keeps users and namespaces with the same conversation id apart', async () => {
    const ref = someRef();
    const other = { ...ref, userId: 'bob' };
    await Promise.all([
      acceptMessages(pool, ref, [saying('m1', 'hers')]),
      acceptMessages(pool, other, [saying('m1', 'his')]),
    ]);
    expect((await readTurns(pool, ref, 1, 9)).map((turn) => turn.content)).toEqual(['hers']);
    expect((await readTurns(pool, other, 1, 9)).map((turn) => turn.content)).toEqual(['his']);
  });

  it('takes the longest ids there may be', async () => {
    const wide = (i: number): string => String.fromCodePoint(0x1f600 + i).repeat(200);
    const ref = {
      namespace: 'n'.repeat(64),
      userId: wide(1),
      conversationId: `${wide(2)}`.slice(0, 398) + '😀',
    };
    expect(await acceptMessages(pool, ref, [saying(randomUUID()), saying(wide(3))])).toHaveLength(2);
  });

  it('holds what an import brings back until a live message pulls it in', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')], randomUUID());
    expect(await conversationState(pool, ref)).toMatchObject({ appendedThrough: 1, dueThrough: 0 });
    expect((await conversationView(pool, ref, DEFAULTS))?.phase).toBe('held');
    await acceptMessages(pool, ref, [saying('m2')]);
    expect(await conversationState(pool, ref)).toMatchObject({ appendedThrough: 2, dueThrough: 2 });
  });
});

describe('batches', () => {
  const BASIS = { plannedThrough: 0, ingestionPolicy: {}, eraseEpoch: 0 };
  const threeBatches = async (ref: ConversationRef): Promise<void> => {
    await acceptMessages(
      pool,
      ref,
      ['a', 'b', 'c', 'd'].map((id) => saying(id)),
    );
    const batch = (firstSeq: number, lastSeq: number) => ({
      firstSeq,
      lastSeq,
      reason: 'size' as const,
      memoryId: randomUUID(),
    });
    expect(await insertBatches(pool, ref, [batch(1, 1), batch(2, 3), batch(4, 4)], BASIS)).toBe(true);
  };

  it('refuse a second plan for the same messages', async () => {
    const ref = someRef();
    await threeBatches(ref);
    const again = [{ firstSeq: 2, lastSeq: 4, reason: 'flush' as const, memoryId: randomUUID() }];
    expect(await insertBatches(pool, ref, again, BASIS)).toBe(false);
    expect((await unfinishedBatches(pool, ref, 9)).map((b) => [b.firstSeq, b.lastSeq])).toEqual([
      [1, 1],
      [2, 3],
      [4, 4],
    ]);
  });

  it('refuse a plan that was made under another policy', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('a')]);
    const plan = [{ firstSeq: 1, lastSeq: 1, reason: 'size' as const, memoryId: randomUUID() }];
    await setConversationPolicy(pool, ref, { maxBufferSize: 9 }, {});
    expect(await insertBatches(pool, ref, plan, BASIS)).toBe(false);
    expect(await unfinishedBatches(pool, ref, 9)).toEqual([]);
    expect(await insertBatches(pool, ref, plan, { ...BASIS, ingestionPolicy: { maxBufferSize: 9 } })).toBe(
      true,
    );
  });

  it('move the cursor over what is terminal only, in whatever order they end', async () => {
    const ref = someRef();
    await threeBatches(ref);
    expect(await finishBatches(pool, ref, [{ firstSeq: 2, failureReason: 'refused' }])).toBe(0);
    expect(await finishBatches(pool, ref, [{ firstSeq: 1, failureReason: null }])).toBe(3);
    expect(await finishBatches(pool, ref, [{ firstSeq: 1, failureReason: 'late zombie' }])).toBe(3);
    expect(await failedRanges(pool, ref)).toEqual([{ fromSeq: 2, throughSeq: 3, reason: 'refused' }]);
    expect(await conversationView(pool, ref, DEFAULTS)).toMatchObject({
      pending: 1,
      indexedThrough: 3,
      phase: 'indexing',
    });
  });

  it('that failed can be put back to work', async () => {
    const ref = someRef();
    await threeBatches(ref);
    await finishBatches(
      pool,
      ref,
      [1, 2, 4].map((firstSeq) => ({ firstSeq, failureReason: firstSeq === 2 ? 'refused' : null })),
    );
    expect(await reopenFailed(pool, ref)).toEqual([{ fromSeq: 2, throughSeq: 3, reason: 'refused' }]);
    expect(await reopenFailed(pool, ref)).toEqual([]);
    expect(await conversationView(pool, ref, DEFAULTS)).toMatchObject({
      pending: 2,
      indexedThrough: 1,
      failed: [],
    });
    // As long as Temporal has not heard of it, it is the sweep's to tell.
    expect(await conversationState(pool, ref)).toMatchObject({ announcedThrough: 1, dueThrough: 4 });
    expect(await finishBatches(pool, ref, [{ firstSeq: 2, failureReason: null }])).toBe(4);
  });
});

describe('announcements', () => {
  it('are missed until Temporal acknowledged them; a buffer that waits is not', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    const mine = async (missedAfterMs: number) => {
      const limits = { missedAfterMs, stuckAfterMs: 60_000, limit: 100_000, defaultFlushIntervalMs: 30_000 };
      return (await missedAnnouncements(pool, limits)).filter((one) => one.ref.namespace === ref.namespace);
    };
    expect(await mine(60_000)).toEqual([]);
    expect(await mine(0)).toEqual([{ ref, dueThrough: 1 }]);
    await markAnnounced(pool, [{ ref, throughSeq: 99 }]);
    expect(await mine(0)).toEqual([]);
    expect(await conversationState(pool, ref)).toMatchObject({ announcedThrough: 1 });
  });

  it('of a changed policy are missed, too: what is pending is to be cut by it', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1'), saying('m2'), saying('m3')]);
    const plan = [{ firstSeq: 1, lastSeq: 1, reason: 'size' as const, memoryId: randomUUID() }];
    await insertBatches(pool, ref, plan, { plannedThrough: 0, ingestionPolicy: {}, eraseEpoch: 0 });
    await markAnnounced(pool, [{ ref, throughSeq: 3 }]);
    await setConversationPolicy(pool, ref, {}, { minSimilarity: 0.7 });
    expect(await conversationState(pool, ref)).toMatchObject({ announcedThrough: 3 });
    await setConversationPolicy(pool, ref, { maxBufferSize: 2 }, { minSimilarity: 0.7 });
    expect(await conversationState(pool, ref)).toMatchObject({ announcedThrough: 1, dueThrough: 3 });
    await markAnnounced(pool, [{ ref, throughSeq: 3 }]);
    expect(await conversationState(pool, ref)).toMatchObject({ announcedThrough: 3 });
  });
});

describe('idempotency keys', () => {
  const request = () => ({
    namespace: `test-${randomUUID()}`,
    route: 'POST /x',
    key: 'k',
    userId: null,
    bodyHash: 'h1',
  });

  it('let one of many begin, replay its answer, and tell another body apart', async () => {
    const one = request();
    const starts = await Promise.all(Array.from({ length: 8 }, () => beginIdempotent(pool, one)));
    expect(starts.filter((start) => start.kind === 'started')).toHaveLength(1);
    expect(starts.filter((start) => start.kind === 'in_flight')).toHaveLength(7);
    await finishIdempotent(pool, one, 200, { a: 1 });
    expect(await beginIdempotent(pool, one)).toEqual({ kind: 'replay', status: 200, response: { a: 1 } });
    expect(await beginIdempotent(pool, { ...one, bodyHash: 'h2' })).toEqual({ kind: 'other_body' });
  });

  it('do not keep a 5xx', async () => {
    const one = request();
    await beginIdempotent(pool, one);
    await finishIdempotent(pool, one, 503, {});
    expect(await beginIdempotent(pool, one)).toEqual({ kind: 'started' });
  });
});

describe('transactions', () => {
  it('retry a deadlock until both are done', async () => {
    const a = someRef();
    const b = { ...a, conversationId: 'c2' };
    await acceptMessages(pool, a, [saying('m')]);
    await acceptMessages(pool, b, [saying('m')]);
    const lock = {
      name: 'test-lock',
      text: 'UPDATE conversations SET updated_at = now() WHERE namespace = $1 AND conversation_id = $2',
    };
    const inOrder = (first: string, second: string) =>
      transaction(pool, async (client) => {
        await run(client, lock, [a.namespace, first]);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await run(client, lock, [a.namespace, second]);
      });
    await expect(Promise.all([inOrder('c1', 'c2'), inOrder('c2', 'c1')])).resolves.toHaveLength(2);
  });

  it('say that Postgres is away when it is', async () => {
    const away = createPool({
      url: 'postgres://postgres@127.0.0.1:1/none',
      size: 1,
      onError: () => undefined,
    });
    await expect(conversationState(away, someRef())).rejects.toThrow(UnavailableError);
    await expect(transaction(away, async () => 1)).rejects.toThrow(UnavailableError);
    await away.end();
  });

  it('say so when it hangs, and go on when it is back', async () => {
    const url = new URL(databaseUrl);
    const gate = await createTcpGate(url.host);
    await gate.open();
    url.host = gate.address;
    const hung = createPool({
      url: url.toString(),
      size: 1,
      answerTimeoutMs: 1_000,
      onError: () => undefined,
    });
    const select = { name: 'test-one', text: 'SELECT 1' };
    const inTransaction = () => transaction(hung, (client) => run(client, select));
    try {
      await run(hung, select);
      gate.stall();
      await expect(run(hung, select)).rejects.toThrow(UnavailableError);
      await gate.shut();
      await gate.open();
      await inTransaction();
      gate.stall();
      await expect(inTransaction()).rejects.toThrow(UnavailableError);
      await gate.shut();
      await gate.open();
      expect((await run(hung, select)).rowCount).toBe(1);
    } finally {
      await gate.shut();
      await hung.end();
    }
  });
});
