import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { tenantName } from '../../src/domain/ids';
import { createWeaviateIndex } from '../../src/index/weaviate-index';
import type { MemoryIndex } from '../../src/index/memory-index';
import { createPool } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import { census, storedIds } from '../support/invariants';
import { poll } from '../support/poll';
import { StackProcess } from '../support/stack-process';

/** Five parts, one after the other, die by kill -9 while messages stream in. Nothing acknowledged may be lost or doubled. */
const PARTS = ['api', 'worker', 'temporal', 'weaviate', 'postgres'] as const;
const USERS = 3;
const CONVERSATIONS_A_USER = 2;
const MESSAGES_A_ROUND = 25;
const PAUSE_BETWEEN_MESSAGES_MS = 40;
const REQUEST_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 120_000;
const RECOVERY_DEADLINE_MS = 180_000;
const ROUND_TIMEOUT_MS = 200_000;

const namespace = `kill-${randomUUID().slice(0, 8)}`;
const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-kill-'));
let stack: StackProcess;
let api: string;
let pool: Pool;
const acknowledged = new Set<string>();

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  const env = {
    PORT: String(port),
    NAMESPACE: namespace,
    SWEEP_INTERVAL_MS: '3000',
    FLUSH_INTERVAL_MS: '2000',
  };
  stack = StackProcess.run({ dataDir, env });
  await stack.isUp(api, START_DEADLINE_MS);
  pool = createPool({ url: stack.environmentOfApi()['DATABASE_URL']!, size: 4, onError: () => undefined });
}, START_DEADLINE_MS + 10_000);

afterAll(async () => {
  await pool?.end();
  if (stack && stack.child.exitCode === null) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

it.each(PARTS)(
  'kill -9 of %s loses nothing and doubles nothing',
  async (part) => {
    const writers = Array.from({ length: USERS * CONVERSATIONS_A_USER }, (_, i) =>
      write(`user-${i % USERS}`, `chat-${Math.floor(i / USERS)}`, part),
    );
    await sleep((MESSAGES_A_ROUND * PAUSE_BETWEEN_MESSAGES_MS) / 3);
    // A part that has just come back may be on its way up once more.
    const before = await poll(`${part} runs and is killed`, RECOVERY_DEADLINE_MS, async () => {
      const pid = stack.pidOf(part);
      process.kill(pid, 'SIGKILL');
      return pid;
    });
    await Promise.all(writers);
    await poll(`${part} runs again`, RECOVERY_DEADLINE_MS, async () => stack.pidOf(part) !== before);
    const expected = acknowledged.size;
    const counted = await poll(
      `everything is indexed after the death of ${part}`,
      RECOVERY_DEADLINE_MS,
      async () => {
        const found = await census(pool, namespace);
        return found.brokenConversations === 0 && found.messages >= expected && found;
      },
      250,
    );
    expect(counted).toMatchObject({
      outsideOneBatch: 0,
      batchesWithoutMemory: 0,
      failedBatches: 0,
      brokenConversations: 0,
    });
    const stored = await storedIds(pool, namespace);
    expect(new Set(stored).size).toBe(stored.length);
    expect([...acknowledged].filter((id) => !new Set(stored).has(id))).toEqual([]);
    await expectIndexAgrees();
    await poll(
      'all parts are well',
      RECOVERY_DEADLINE_MS,
      async () => (await get('/health/full')).status === 'ok',
    );
  },
  ROUND_TIMEOUT_MS,
);

/** Streams a conversation's messages one after the other, sending each until it is acknowledged. */
async function write(userId: string, conversationId: string, round: string): Promise<void> {
  for (let i = 0; i < MESSAGES_A_ROUND; i += 1) {
    const messageId = `${round}-${i}`;
    const body = {
      conversation_id: conversationId,
      message_id: messageId,
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: `${round} message ${i}: the ${['harbour', 'violin', 'orchard', 'glacier'][i % 4]} of ${userId} in ${conversationId}`,
      metadata: { user_id: userId },
    };
    await poll(`${messageId} is acknowledged`, RECOVERY_DEADLINE_MS, async () => {
      const response = await fetch(`${api}/v1/orchestrator/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
      });
      await response.arrayBuffer();
      if (response.status >= 400 && response.status < 500) throw new Error(`refused with ${response.status}`);
      return response.ok;
    });
    acknowledged.add(`${userId}/${conversationId}/${messageId}`);
    await sleep(PAUSE_BETWEEN_MESSAGES_MS);
  }
}

/** As many objects in each user's tenant as the record has memories for it. */
async function expectIndexAgrees(): Promise<void> {
  const rows = await pool.query<{ user_id: string; memories: number }>(
    'SELECT user_id, count(*)::int AS memories FROM memories WHERE namespace = $1 GROUP BY user_id ORDER BY user_id',
    [namespace],
  );
  expect(rows.rows).toHaveLength(USERS);
  const index = await openIndex();
  try {
    for (const { user_id: userId, memories } of rows.rows) {
      expect(await index.count(tenantName(namespace, userId))).toBe(memories);
    }
  } finally {
    await index.close();
  }
}

/** The index as the API sees it. */
async function openIndex(): Promise<MemoryIndex> {
  const { checks } = await get('/health/full');
  const embedder = checks?.embedder;
  const environment = stack.environmentOfApi();
  return createWeaviateIndex({
    url: environment['WEAVIATE_URL']!,
    grpc: environment['WEAVIATE_GRPC']!,
    apiKey: environment['WEAVIATE_API_KEY']!,
    collectionPrefix: 'Memory',
    embedderName: embedder?.status === 'ok' ? (embedder.detail ?? null) : null,
    timeoutMs: REQUEST_DEADLINE_MS,
  });
}

interface Health {
  status?: string;
  checks?: { embedder?: { status: string; detail?: string } };
}

async function get(path: string): Promise<Health> {
  const response = await fetch(api + path, { signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) });
  return (await response.json()) as Health;
}
