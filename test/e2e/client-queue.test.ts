import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

const DEADLINE_MS = 30_000;
/** How long the server is away: `QUEUE_AWAY_MS=60000` for a minute. */
const AWAY_MS = Number(process.env['QUEUE_AWAY_MS'] ?? 3_000);
/** So many messages would be more than may wait. */
const MANY = 100_000;
/** Within AWAY_MS fewer messages than may wait. */
const PACE_MS = Math.max(30, AWAY_MS / 500);
const CHAT = path.resolve(__dirname, '../../dist/test/support/queue-chat.js');
const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-chat-'));
const QUEUE = path.join(folder, 'queue.ndjson');
const env = ownEnvironment({ EMBEDDER: 'none' });
let pool: Pool;
const children: ChildProcess[] = [];
const servers: ApiProcess[] = [];

beforeAll(() => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  // One that were left would keep the test's own process.
  await Promise.all(servers.map((server) => server.stop()));
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(port: string): Promise<ApiProcess> {
  const server = await startReadyApi({ env: { ...env, PORT: port } });
  servers.push(server);
  return server;
}

interface Chat {
  child: ChildProcess;
  /** The next message that it has not taken. */
  next: () => number;
  said: () => string;
  ended: Promise<unknown>;
}

function chat(url: string, from: number, to: number): Chat {
  const args = [url, QUEUE, String(from), String(to), String(PACE_MS)];
  const child = spawn(process.execPath, [CHAT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    child,
    next: () => Number([...output.matchAll(/taken (\d+)/g)].at(-1)?.[1] ?? from - 1) + 1,
    said: () => output,
    ended,
  };
}

it(
  `the server is away for ${AWAY_MS / 1_000} s in the middle of a chat, which is killed and started again: every message once, in order`,
  async () => {
    const port = String(await freePort());
    const first = await serve(port);
    const before = chat(first.url, 0, MANY);
    await poll('some messages are stored', DEADLINE_MS, async () => before.next() >= 10);
    first.kill('SIGKILL');
    await first.ended;
    const awaySince = Date.now();
    const atDeath = before.next();
    const half = async (): Promise<boolean> =>
      before.next() >= atDeath + 20 && Date.now() - awaySince >= AWAY_MS / 2;
    await poll('the chat goes on without its server', DEADLINE_MS + AWAY_MS, half);

    // Its queue is its own.
    const intruder = chat(first.url, MANY, MANY + 1);
    expect(await intruder.ended).not.toBe(0);
    expect(intruder.said()).toContain(
      `QueueInUseError: the queue's file is in use by process ${before.child.pid}`,
    );
    before.child.kill('SIGKILL');
    await before.ended;
    const resumedAt = before.next();

    // Several are started for the one that died: one gets the queue.
    const starting = Array.from({ length: 3 }, () => chat(first.url, resumedAt, MANY));
    await poll(
      'the chat goes on where it was killed',
      DEADLINE_MS + AWAY_MS,
      async () => starting.some((one) => one.next() >= resumedAt + 20) && Date.now() - awaySince >= AWAY_MS,
    );
    const after = starting.find((one) => one.next() > resumedAt)!;
    for (const other of starting.filter((one) => one !== after)) {
      expect(await other.ended).not.toBe(0);
      expect(other.said()).toContain(`in use by process ${after.child.pid}`);
    }
    const second = await serve(port);
    await poll(
      'what has waited is stored',
      // It is sent one by one, while the chat goes on.
      DEADLINE_MS + 2 * AWAY_MS,
      async () => (await storedIds()).length >= after.next(),
    );
    after.child.kill('SIGKILL');
    await after.ended;
    const end = after.next();
    const last = chat(first.url, end, end + 10);
    expect({ code: await last.ended, said: last.said() }).toMatchObject({ code: 0 });
    expect(await storedIds()).toEqual(Array.from({ length: end + 10 }, (_, i) => `m${i}`));
    await second.stop();
  },
  90_000 + 5 * AWAY_MS,
);

async function storedIds(): Promise<string[]> {
  const stored = await pool.query<{ message_id: string }>(
    'SELECT message_id FROM messages WHERE namespace = $1 ORDER BY conversation_id, seq',
    [env['NAMESPACE']],
  );
  return stored.rows.map((row) => row.message_id);
}
