import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { ConversationRef, IncomingMessage } from '../../src/domain/message';
import { ensureConversation, conversationState } from '../../src/record/conversations';
import { deleteUserRows } from '../../src/record/delete-user-rows';
import {
  beginErasure,
  finishErasure,
  isErased,
  lookAtErasure,
  undrivenErasures,
  whileNotErased,
} from '../../src/record/erasures';
import { beginIdempotent, finishIdempotent } from '../../src/record/idempotency';
import { acceptImportChunk, encodeChunk, type ChunkLine } from '../../src/record/import-chunks';
import { createImport, endImportBody, importRejections, viewImport } from '../../src/record/imports';
import { saveMemories } from '../../src/record/memories';
import { saveTurnVectors } from '../../src/record/turn-vectors';
import { acceptMessages, readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import { OTHER_USER_COLUMNS, USER_TABLES } from '../../src/record/user-tables';
import { saying } from '../support/saying';

const A_DAY_SECONDS = 86_400;
const GONE = { status: 410 };
let pool: Pool;

beforeAll(async () => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 20 });
  await migrate(pool);
});
afterAll(() => pool.end());

const someRef = (): ConversationRef => ({
  namespace: `test-${randomUUID()}`,
  userId: `ada-${randomUUID()}`,
  conversationId: 'c1',
});
const nothing = (): void => undefined;

async function erased(ref: ConversationRef, seconds = A_DAY_SECONDS): Promise<string> {
  const { userHash } = await beginErasure(pool, ref, seconds);
  await deleteUserRows(pool, ref, nothing);
  await finishErasure(pool, { namespace: ref.namespace, userHash });
  return userHash;
}

describe('the tables of users', () => {
  it('are all emptied by an erasure', async () => {
    const { rows } = await pool.query<{ table_name: string; column_name: string }>(
      `SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name LIKE '%user_id%' ORDER BY 1`,
    );
    const named = rows.filter((row) => row.column_name === 'user_id').map((row) => row.table_name);
    expect(named.sort()).toEqual([...USER_TABLES].sort());
    const others = rows.filter((row) => row.column_name !== 'user_id');
    expect(others.map((row) => `${row.table_name}.${row.column_name}`)).toEqual([...OTHER_USER_COLUMNS]);
  });

  it('admit nobody who was erased: under their conversation’s lock, or by a guard of their own', async () => {
    const { rows } = await pool.query<{ table: string }>(
      `SELECT tgrelid::regclass::text AS table FROM pg_trigger WHERE tgname = 'admit_users'`,
    );
    const guarded = new Set(rows.map((row) => row.table));
    const locked = ['messages', 'injections', 'batches', 'import_conversations', 'conversations', 'users'];
    const refusedBefore = ['idempotency_keys'];
    expect(USER_TABLES.filter((table) => !guarded.has(table)).sort()).toEqual(
      [...locked, ...refusedBefore].sort(),
    );
  });
});

describe('from the tombstone on', () => {
  it('nothing is stored for the user, whatever is written', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    expect(await isErased(pool, ref)).toBe(false);
    await beginErasure(pool, ref, A_DAY_SECONDS);
    expect(await isErased(pool, ref)).toBe(true);

    await expect(acceptMessages(pool, ref, [saying('m2')])).rejects.toMatchObject(GONE);
    await expect(
      acceptMessages(pool, { ...ref, conversationId: 'new' }, [saying('m')]),
    ).rejects.toMatchObject(GONE);
    await expect(ensureConversation(pool, ref)).rejects.toMatchObject(GONE);
    const now = new Date();
    const memory = {
      ...ref,
      id: randomUUID(),
      tier: 'fact' as const,
      layer: 'semantic' as const,
      type: 'explicit' as const,
      content: 'late',
      firstSeq: null,
      lastSeq: null,
      sourceMessageIds: [],
      importance: 0.5,
      personaTags: [],
      emotionalSignature: null,
      metadata: {},
      createdAt: now,
      storedAt: now,
    };
    await expect(saveMemories(pool, ref, [memory])).rejects.toMatchObject(GONE);
    await expect(
      saveTurnVectors(pool, ref, 'e', [{ seq: 1, vector: Buffer.alloc(4) }]),
    ).rejects.toMatchObject(GONE);
    await expect(whileNotErased(pool, ref, () => Promise.resolve())).rejects.toMatchObject(GONE);
    expect(await conversationState(pool, ref)).toBeNull();
    // Namespaces never see each other's users.
    const elsewhere = { ...ref, namespace: `test-${randomUUID()}` };
    await expect(acceptMessages(pool, elsewhere, [saying('m1')])).resolves.toHaveLength(1);
  });

  it('once more changes nothing, and names nobody when it is done', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    const first = await beginErasure(pool, ref, A_DAY_SECONDS);
    expect(await beginErasure(pool, ref, 2 * A_DAY_SECONDS)).toEqual(first);
    const erasure = { namespace: ref.namespace, userHash: first.userHash };
    expect(await undrivenErasures(pool, -1_000, 1_000)).toContainEqual(erasure);
    expect(await lookAtErasure(pool, erasure)).toEqual({ namespace: ref.namespace, userId: ref.userId });
    expect(await deleteUserRows(pool, ref, nothing)).toBe(1);
    await finishErasure(pool, erasure);
    expect(await lookAtErasure(pool, erasure)).toBeNull();
    expect(await beginErasure(pool, ref, 1)).toMatchObject({ finished: true, userHash: first.userHash });
    for (const table of [...USER_TABLES, 'erasures', 'imports', 'import_rejections']) {
      const { rows } = await pool.query<{ row: string }>(
        `SELECT t::text AS row FROM ${table} t WHERE t::text LIKE '%' || $1 || '%'`,
        [ref.userId],
      );
      expect({ table, rows }).toEqual({ table, rows: [] });
    }
  });

  it('kept answers are gone, and one that is finished late is not kept', async () => {
    const ref = someRef();
    const request = { namespace: ref.namespace, route: 'POST /v1/store', userId: ref.userId, bodyHash: 'b' };
    await beginIdempotent(pool, { ...request, key: 'kept' });
    await finishIdempotent(pool, { ...request, key: 'kept' }, 200, { text: 'theirs' });
    await beginErasure(pool, ref, A_DAY_SECONDS);
    await beginIdempotent(pool, { ...request, key: 'late' });
    await finishIdempotent(pool, { ...request, key: 'late' }, 410, { title: 'User erased' });
    const { rows } = await pool.query('SELECT key FROM idempotency_keys WHERE namespace = $1', [
      ref.namespace,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('a race of a write with an erasure', () => {
  const inTransaction = async (work: (client: PoolClient) => Promise<unknown>): Promise<PoolClient> => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await work(client);
    return client;
  };
  const end = async (client: PoolClient, how: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    await client.query(how);
    client.release();
  };

  it.each([
    ['the first of a user', false],
    ['the first of a conversation', true],
  ])('%s: the erasure waits for it, and takes it with it', async (_, known) => {
    const ref = someRef();
    if (known) await acceptMessages(pool, { ...ref, conversationId: 'other' }, [saying('m0')]);
    const writing = await inTransaction((client) => acceptMessages(client, ref, [saying('m1')]));
    let begun = false;
    const erasing = beginErasure(pool, ref, A_DAY_SECONDS).then(() => (begun = true));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(begun).toBe(false);
    await end(writing, 'COMMIT');
    await erasing;
    await deleteUserRows(pool, ref, nothing);
    expect(await conversationState(pool, ref)).toBeNull();
    expect(await readTurns(pool, ref, 1, 10)).toEqual([]);
  });

  it.each([
    ['of a known conversation', true],
    ['of an unknown user', false],
  ])('a write %s that waits for the erasure is refused', async (_, known) => {
    const ref = someRef();
    if (known) await acceptMessages(pool, ref, [saying('m0')]);
    const erasing = await inTransaction((client) => beginErasure(client, ref, A_DAY_SECONDS));
    const writing = acceptMessages(pool, ref, [saying('m1')]).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await end(erasing, 'COMMIT');
    expect(await writing).toMatchObject(GONE);
  });

  it('many writers and one erasure: what was refused and what was erased is all there is', async () => {
    const ref = someRef();
    const writes = Array.from({ length: 60 }, (_, i) =>
      acceptMessages(pool, { ...ref, conversationId: `c${i % 7}` }, [saying(`m${i}`)]).then(
        () => 'stored',
        (error: { status?: number }) => error.status,
      ),
    );
    const [outcomes] = await Promise.all([Promise.all(writes), beginErasure(pool, ref, A_DAY_SECONDS)]);
    expect(outcomes.filter((outcome) => outcome !== 'stored' && outcome !== 410)).toEqual([]);
    const { rows } = await pool.query('SELECT 1 FROM conversations WHERE namespace = $1', [ref.namespace]);
    expect(rows).toEqual([]);
    await deleteUserRows(pool, ref, nothing);
    const { rows: left } = await pool.query('SELECT 1 FROM messages WHERE namespace = $1', [ref.namespace]);
    expect(left).toEqual([]);
  });

  it('a tenant is being made: the erasure waits', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    let made: () => void = nothing;
    const making = whileNotErased(pool, ref, () => new Promise<void>((resolve) => (made = resolve)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    let begun = false;
    const erasing = beginErasure(pool, ref, A_DAY_SECONDS).then(() => (begun = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun).toBe(false);
    made();
    await Promise.all([making, erasing]);
  });
});

describe('afterwards', () => {
  it('the user may come back, under another epoch; nothing late of before is taken for theirs', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    expect((await conversationState(pool, ref))?.eraseEpoch).toBe(0);
    await erased(ref, 0);
    expect(await isErased(pool, ref)).toBe(false);
    expect(await acceptMessages(pool, ref, [saying('m1')])).toEqual([{ seq: 1, duplicate: false }]);
    expect((await conversationState(pool, ref))?.eraseEpoch).toBe(1);
    const now = new Date();
    const late = {
      ...ref,
      id: randomUUID(),
      tier: 'raw' as const,
      layer: 'short-term' as const,
      type: 'explicit' as const,
      content: 'of before',
      firstSeq: 1,
      lastSeq: 1,
      sourceMessageIds: ['m1'],
      importance: 0.5,
      personaTags: [],
      emotionalSignature: null,
      metadata: {},
      createdAt: now,
      storedAt: now,
    };
    await saveMemories(pool, ref, [late]);
    const { rows } = await pool.query('SELECT 1 FROM memories WHERE namespace = $1', [ref.namespace]);
    expect(rows).toEqual([]);
    await erased(ref, 0);
    await acceptMessages(pool, ref, [saying('m1')]);
    expect((await conversationState(pool, ref))?.eraseEpoch).toBe(2);
  });

  it('for as long as anything is left the tombstone stands', async () => {
    const ref = someRef();
    await acceptMessages(pool, ref, [saying('m1')]);
    const { userHash } = await beginErasure(pool, ref, 0);
    expect(await isErased(pool, ref)).toBe(true);
    await expect(acceptMessages(pool, ref, [saying('m2')])).rejects.toMatchObject(GONE);
    await finishErasure(pool, { namespace: ref.namespace, userHash });
    expect(await isErased(pool, ref)).toBe(false);
  });
});

describe('an import', () => {
  const line = (number: number, userId: string, messages: IncomingMessage[]): ChunkLine => ({
    line: number,
    userId,
    conversationId: 'c1',
    messages,
    ownDuplicates: 0,
  });
  const chunk = (number: number, lines: ChunkLine[], abortAtRefusal = false) => ({
    number,
    lines,
    rejections: [],
    abortAtRefusal,
  });

  it('has the lines of an erased user rejected, and no others', async () => {
    const ref = someRef();
    await beginErasure(pool, ref, A_DAY_SECONDS);
    const importRef = { namespace: ref.namespace, importId: randomUUID() };
    await createImport(pool, importRef);
    const lines = [
      line(1, 'ben', [saying('a')]),
      line(2, ref.userId, [saying('b'), saying('c')]),
      line(3, 'ben', [saying('d')]),
    ];
    const outcome = await acceptImportChunk(pool, encodeChunk(importRef, chunk(1, lines)));
    expect(outcome).toMatchObject({ lines: 3, accepted: 2, rejected: 1, duplicates: 0, firstRejected: 2 });
    expect(await importRejections(pool, importRef, 0, 10)).toEqual([
      { line: 2, reason: expect.stringMatching(/^user_id: was erased/) },
    ]);
    const users = await pool.query('SELECT user_id FROM users WHERE namespace = $1', [ref.namespace]);
    expect(users.rows).toEqual([{ user_id: 'ben' }]);
    const again = encodeChunk(importRef, chunk(2, [line(4, ref.userId, [saying('e')])], true));
    expect(await acceptImportChunk(pool, again)).toMatchObject({ accepted: 0, firstRejected: 4 });
  });

  it('that had brought an erased user’s messages ends, and its totals add up', async () => {
    const ref = someRef();
    const importRef = { namespace: ref.namespace, importId: randomUUID() };
    await createImport(pool, importRef);
    const lines = [line(1, ref.userId, [saying('a'), saying('b')]), line(2, 'ben', [saying('a')])];
    await acceptImportChunk(pool, encodeChunk(importRef, chunk(1, lines)));
    await endImportBody(pool, importRef);
    await erased(ref);
    const view = await viewImport(pool, importRef);
    expect(view?.totals).toMatchObject({ accepted: 3, failed: 2, indexed: 0, pending: 1 });
    const { rows } = await pool.query(
      'SELECT user_id FROM import_conversations WHERE namespace = $1 AND import_id = $2',
      [importRef.namespace, importRef.importId],
    );
    expect(rows).toEqual([{ user_id: 'ben' }]);
  });

  it('that is being received while the user is erased stores nothing of them behind it', async () => {
    const ref = someRef();
    const importRef = { namespace: ref.namespace, importId: randomUUID() };
    await createImport(pool, importRef);
    await acceptImportChunk(pool, encodeChunk(importRef, chunk(1, [line(1, ref.userId, [saying('a')])])));
    await transaction(pool, async (client) => {
      await beginErasure(client, ref, A_DAY_SECONDS);
      // Waits for the conversation that is being taken away.
      const storing = acceptImportChunk(
        pool,
        encodeChunk(importRef, chunk(2, [line(2, ref.userId, [saying('b')])])),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      await client.query('COMMIT');
      expect(await storing).toMatchObject({ accepted: 0, rejected: 1 });
      await client.query('BEGIN');
    });
  });
});
