import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { tenantName } from '../../src/domain/ids';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import { createPool } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import {
  checkTotals,
  ndjson,
  sendImport,
  type ImportAnswer,
  type ImportLineBody,
} from '../support/import-client';
import { census, wrongImportTotals } from '../support/invariants';
import { poll } from '../support/poll';
import { isWell, StackProcess } from '../support/stack-process';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';

/**
 * One file is sent again and again while the parts die by kill -9, until it is in as a whole; then everything in it is
 * indexed once. Larger by environment: KILL_IMPORT_CONVERSATIONS=200 KILL_IMPORT_ROUNDS=2 makes 20,000 lines.
 */
const CONVERSATIONS = Number(process.env['KILL_IMPORT_CONVERSATIONS'] ?? 20);
const ROUNDS = Number(process.env['KILL_IMPORT_ROUNDS'] ?? 1);
const MESSAGES_A_CONVERSATION = 100;
const LINES = CONVERSATIONS * MESSAGES_A_CONVERSATION;
const PARTS = ['api', 'worker', 'temporal', 'weaviate', 'postgres'] as const;
const DIMENSIONS = 64;
/** Slow enough that there is something left to kill into. */
const EMBED_LATENCY_MS = 400;
const REQUEST_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 120_000;
const RECOVERY_DEADLINE_MS = 90_000;
const END_DEADLINE_MS = 120_000 + LINES * 30;
const LOOK_EVERY_MS = 250;
/** Counting every message costs more than looking at totals. */
const LOOKS_A_COUNT = 8;

const namespace = `kill-import-${randomUUID().slice(0, 8)}`;
const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-kill-import-'));
let embedder: StubEmbeddingServer;
let stack: StackProcess;
let api: string;
let pool: Pool;

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  embedder = await startStubEmbeddingServer({ dimensions: DIMENSIONS });
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  const env = {
    PORT: String(port),
    NAMESPACE: namespace,
    SWEEP_INTERVAL_MS: '3000',
    EMBEDDER: 'openai',
    EMBEDDER_URL: embedder.url,
    EMBEDDER_DIMENSIONS: String(DIMENSIONS),
    EMBEDDER_MODEL: 'stub',
  };
  stack = StackProcess.run({ dataDir, env });
  await stack.isUp(api, START_DEADLINE_MS);
  pool = createPool({ url: stack.environmentOfApi()['DATABASE_URL']!, size: 4, onError: () => undefined });
}, START_DEADLINE_MS + 10_000);

afterAll(async () => {
  await pool?.end();
  await embedder?.close();
  if (stack && stack.child.exitCode === null) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

it(
  'an import survives kill -9 of every part, and the file sent again changes nothing',
  async () => {
    embedder.behaviour = { kind: 'answer', latencyMs: EMBED_LATENCY_MS };
    const body = ndjson(lines());
    const looking = watchTotals();
    let kills = 0;
    const whole = sendUntilWhole(body);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const part of shuffled(PARTS)) {
        await kill(part);
        kills += 1;
      }
    embedder.behaviour = { kind: 'answer' };
    await whole;
    const imports = await poll(
      'every import has ended',
      END_DEADLINE_MS,
      async () => {
        const all = await everyImport();
        return all.every((one) => /^completed/.test(one.status) && one.totals.pending === 0) && all;
      },
      LOOK_EVERY_MS,
    );
    // What was killed last may have had nothing left to do, and be on its way up.
    await poll('every part is back', RECOVERY_DEADLINE_MS, () => isWell(api));
    const looks = await looking.stop();
    expect(looks.problems).toEqual([]);
    expect(looks.count).toBeGreaterThan(10);
    expect(looks.counts).toBeGreaterThan(2);
    expect(await wrongImportTotals(pool, namespace)).toEqual([]);

    expect(imports.reduce((sum, one) => sum + one.totals.accepted, 0)).toBe(LINES);
    expect(imports.reduce((sum, one) => sum + one.totals.indexed, 0)).toBe(LINES);
    expect(imports.every((one) => one.totals.rejected === 0)).toBe(true);
    expect(await census(pool, namespace)).toMatchObject({
      messages: LINES,
      outsideOneBatch: 0,
      brokenConversations: 0,
      batchesWithoutMemory: 0,
      failedBatches: 0,
    });
    const stores = await expectStoresAgree();
    const again = await sendImport(api, body);
    expect(again).toMatchObject({ status: 202, body: { accepted: 0, duplicates: LINES, rejected: 0 } });
    const turns = await pool.query<{ in_order: boolean }>(
      `SELECT bool_and(content LIKE 'turn ' || (seq - 1) || ' %') AS in_order FROM messages WHERE namespace = $1`,
      [namespace],
    );
    expect(turns.rows[0]!.in_order).toBe(true);
    process.stdout.write(
      `${LINES} lines in ${CONVERSATIONS} conversations, ${kills} times kill -9, sent ${await whole} times: ${imports.length} imports, ${LINES} accepted and indexed once, ${stores.vectors} vectors, ${stores.objects} objects for ${stores.memories} memories, totals right at ${looks.count} looks and ${looks.counts} counts of the rows; sent again: ${again.body.accepted} accepted, ${again.body.duplicates} duplicates\n`,
    );
  },
  END_DEADLINE_MS + ROUNDS * PARTS.length * RECOVERY_DEADLINE_MS,
);

function lines(): ImportLineBody[] {
  return Array.from({ length: LINES }, (_, i) => {
    const [turn, conversation] = [Math.floor(i / CONVERSATIONS), i % CONVERSATIONS];
    return {
      user_id: `user-${conversation % 3}`,
      conversation_id: `chat-${conversation}`,
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: `turn ${turn} of ${conversation}: the ${['harbour', 'violin', 'orchard', 'glacier'][i % 4]}`,
      timestamp: new Date(1_600_000_000_000 + turn * 1_000).toISOString(),
    };
  });
}

/** As a careful client does: the same file again until it is answered. @returns how often it was sent */
async function sendUntilWhole(body: string): Promise<number> {
  let times = 0;
  await poll(
    'the file is in as a whole',
    END_DEADLINE_MS,
    async () => {
      times += 1;
      return (await sendImport(api, body)).status === 202;
    },
    1_000,
  );
  return times;
}

async function kill(part: (typeof PARTS)[number]): Promise<void> {
  await sleep(500 + Math.random() * 2_000);
  // A part that has just come back may be on its way up once more.
  const before = await poll(`${part} runs and is killed`, RECOVERY_DEADLINE_MS, async () => {
    const pid = stack.pidOf(part);
    process.kill(pid, 'SIGKILL');
    return pid;
  });
  await poll(`${part} runs again`, RECOVERY_DEADLINE_MS, async () => stack.pidOf(part) !== before);
}

/** Looks at the totals of every import, again and again, whatever is dead meanwhile, and holds them against the rows. */
function watchTotals(): { stop(): Promise<{ count: number; counts: number; problems: string[] }> } {
  let running = true;
  let [count, counts] = [0, 0];
  const problems: string[] = [];
  const watching = (async () => {
    while (running) {
      const imports = await everyImport().catch(() => null);
      if (imports) count += 1;
      for (const one of imports ?? []) {
        try {
          checkTotals(one);
        } catch (error) {
          problems.push(String(error));
        }
      }
      if (count % LOOKS_A_COUNT === 1) {
        const wrong = await wrongImportTotals(pool, namespace).catch(() => null);
        if (wrong) counts += 1;
        problems.push(...(wrong ?? []));
      }
      await sleep(LOOK_EVERY_MS);
    }
  })();
  return {
    async stop() {
      running = false;
      await watching;
      return { count, counts, problems };
    },
  };
}

async function everyImport(): Promise<ImportAnswer[]> {
  const response = await fetch(`${api}/v1/imports?limit=1000`, {
    signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
  });
  if (response.status !== 200) throw new Error(`the list was answered with ${response.status}`);
  return ((await response.json()) as { imports: ImportAnswer[] }).imports;
}

/** As many vectors as messages, and as many objects as memories. */
async function expectStoresAgree(): Promise<{ vectors: number; memories: number; objects: number }> {
  const vectors = await pool.query('SELECT count(*)::int AS n FROM turn_vectors WHERE namespace = $1', [
    namespace,
  ]);
  expect(vectors.rows[0].n).toBe(LINES);
  const rows = await pool.query<{ user_id: string; memories: number }>(
    'SELECT user_id, count(*)::int AS memories FROM memories WHERE namespace = $1 GROUP BY user_id',
    [namespace],
  );
  const environment = stack.environmentOfApi();
  const index = createWeaviateIndex({
    url: environment['WEAVIATE_URL']!,
    grpc: environment['WEAVIATE_GRPC']!,
    apiKey: environment['WEAVIATE_API_KEY']!,
    collectionPrefix: 'Memory',
    embedderName: `stub-${DIMENSIONS}`,
    timeoutMs: REQUEST_DEADLINE_MS,
  });
  const found = { vectors: vectors.rows[0].n as number, memories: 0, objects: 0 };
  try {
    for (const { user_id: userId, memories } of rows.rows) {
      const objects = await index.count(tenantName(namespace, userId));
      expect(objects).toBe(memories);
      found.memories += memories;
      found.objects += objects;
    }
    return found;
  } finally {
    await index.close();
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
