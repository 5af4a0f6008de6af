import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { DEFAULT_INGESTION_POLICY, DEFAULT_RETRIEVAL_POLICY } from '../../src/domain/policy';
import type { ConversationRef } from '../../src/domain/message';
import { createIngest, type IngestDependencies } from '../../src/ingest/create-ingest';
import type { Ingest } from '../../src/ingest/ingest';
import { Quotas } from '../../src/ingest/quotas';
import { finishBatches, insertBatches } from '../../src/record/batches';
import { conversationState, lockConversation } from '../../src/record/conversations';
import { conversationView } from '../../src/record/conversation-view';
import { beginIdempotent, finishIdempotent } from '../../src/record/idempotency';
import { createImport } from '../../src/record/imports';
import { readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { MIGRATIONS } from '../../src/record/migrations';
import { createPool, transaction } from '../../src/record/pool';
import { createOwnRecord } from '../support/own-record';
import { saying } from '../support/saying';

const WRITERS = 6;
/** How long they go on before and after each migration. */
const AROUND_MS = 60;
/** A transaction that is open while tables change. */
const HELD_OPEN_MS = 25;
const DEFAULTS = { ingestion: DEFAULT_INGESTION_POLICY, retrieval: DEFAULT_RETRIEVAL_POLICY };
const NOTHING_FOUND = { memories: [], termsOf: () => [], relevances: () => [] };
const NONE = { messages: 0, memories: 0, bytes: 0 };

const message = () => saying(randomUUID(), 'The ferry leaves at noon.');

/** What processes do that serve while the schema changes, by the code that does it. */
type Serving = Record<string, (pool: Pool, ingest: Ingest, ref: ConversationRef) => Promise<unknown>>;
const SERVING: Serving = {
  append: (_, ingest, ref) => ingest.append(ref, [message(), message()]),
  stream: (_, ingest, ref) => ingest.stream(ref, [message()]),
  policy: (_, ingest, ref) => ingest.setPolicy(ref, { ingestion: { maxBufferSize: 9 } }),
  read: (pool, _, ref) => readTurns(pool, ref, 1, 20),
  view: (pool, _, ref) => conversationView(pool, ref, DEFAULTS),
  batches: async (pool, ingest, { conversationId, ...owner }) => {
    const ref = { ...owner, conversationId: `${conversationId}-${randomUUID()}` };
    await ingest.append(ref, [message()]);
    await transaction(pool, async (client) => {
      const state = (await lockConversation(client, ref))!;
      const batch = { firstSeq: 1, lastSeq: 1, reason: 'size' as const, memoryId: randomUUID() };
      await insertBatches(client, ref, [batch], state);
      await sleep(HELD_OPEN_MS);
    });
    await finishBatches(pool, ref, [{ firstSeq: 1, failureReason: null }]);
    const { indexedThrough } = (await conversationState(pool, ref))!;
    if (indexedThrough !== 1) throw new Error(`the cursor is at ${indexedThrough}`);
  },
  import: (pool, _, { namespace }) => createImport(pool, { namespace, importId: randomUUID() }),
  idempotent: async (pool, _, { namespace, userId }) => {
    const claim = { namespace, route: 'POST /v1/store', key: randomUUID(), userId, bodyHash: 'b' };
    await beginIdempotent(pool, claim);
    await finishIdempotent(pool, claim, 200, {});
  },
};

function ingestOn(pool: Pool): Ingest {
  return createIngest({
    pool,
    announcer: { announce: () => undefined, close: () => Promise.resolve() },
    injections: { prepareInjections: () => Promise.resolve(NOTHING_FOUND) },
    defaults: DEFAULTS,
    quotas: new Quotas({ limits: { user: NONE, namespace: NONE }, usageOf: () => Promise.resolve(NONE) }),
  } as unknown as IngestDependencies);
}

it('every migration runs while processes of the schema before serve, and not one of their requests fails', async () => {
  const record = await createOwnRecord();
  const pool = createPool({ url: record.url, size: 12, onError: () => undefined });
  const migrators = [1, 2].map(() => createPool({ url: record.url, size: 2, onError: () => undefined }));
  const ingest = ingestOn(pool);
  const owner = { namespace: 'one', userId: 'ada' };
  const served: Record<string, number> = {};
  try {
    await migrate(pool, MIGRATIONS.slice(0, 1));
    // Today's code may need the last one to work at all: so once more when nothing is left to migrate.
    for (let step = 1; step <= MIGRATIONS.length; step += 1) {
      const { version, name } = MIGRATIONS[step] ?? { version: null, name: 'none' };
      // Today's code on an older schema: what works there is what has to go on working.
      const able: string[] = [];
      for (const [what, serve] of Object.entries(SERVING)) {
        const works = serve(pool, ingest, { ...owner, conversationId: `probe-${version}` });
        if (await works.then(() => true).catch(() => false)) able.push(what);
      }
      expect(able).toEqual(expect.arrayContaining(version === null ? ['append', 'read'] : ['append']));

      let going = true;
      const failures: string[] = [];
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let turn = writer; going; turn += 1) {
          const what = able[turn % able.length]!;
          const ref = { ...owner, conversationId: `c${turn % 3}` };
          await SERVING[what]!(pool, ingest, ref).then(
            () => (served[what] = (served[what] ?? 0) + 1),
            (error: unknown) => failures.push(`${name}: ${what}: ${String(error)}`),
          );
        }
      });
      await sleep(AROUND_MS);
      const applied = await Promise.all(
        migrators.map((one) => migrate(one, MIGRATIONS.slice(0, step + 1))),
      ).finally(async () => {
        await sleep(AROUND_MS);
        going = false;
        await Promise.all(writers);
      });
      expect(failures).toEqual([]);
      // Two migrators at once: one does it, the other finds it done.
      expect(applied.flat()).toEqual(version === null ? [] : [version]);
    }
    const { rows } = await pool.query<{ gaps: number }>(
      `SELECT count(*)::int AS gaps FROM conversations c WHERE c.appended_through <>
         (SELECT count(*) FROM messages m WHERE (m.namespace, m.user_id, m.conversation_id) =
           (c.namespace, c.user_id, c.conversation_id))`,
    );
    expect(rows).toEqual([{ gaps: 0 }]);
    expect(Object.keys(served).sort()).toEqual(Object.keys(SERVING).sort());
  } finally {
    await Promise.all([pool, ...migrators].map((one) => one.end()));
    await record.drop();
  }
}, 60_000);

it('a migration that meets a table in use gives way, so that nobody waits behind it, and tries again', async () => {
  const record = await createOwnRecord();
  const pool = createPool({ url: record.url, size: 4, onError: () => undefined });
  try {
    await migrate(pool);
    const added = { version: 9_999, name: 'added', sql: 'ALTER TABLE messages ADD COLUMN added int' };
    const held = transaction(pool, async (client) => {
      await client.query('SELECT 1 FROM messages LIMIT 1');
      await sleep(3_000);
    });
    await sleep(100);
    const migrating = migrate(pool, [...MIGRATIONS, added]);
    await sleep(100);
    const began = Date.now();
    await ingestOn(pool).append({ namespace: 'one', userId: 'ada', conversationId: 'c' }, [message()]);
    expect(Date.now() - began).toBeLessThan(2_700);
    await held;
    expect(await migrating).toEqual([9_999]);
  } finally {
    await pool.end();
    await record.drop();
  }
}, 30_000);
