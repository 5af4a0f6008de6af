import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { ownEnvironment, startReadyApi } from '../support/stack';

const DEADLINE_MS = 30_000;
const CHAT = path.resolve(__dirname, '../../dist/test/support/queue-chat.js');
const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-chat-'));
const env = ownEnvironment({ EMBEDDER: 'none' });
let pool: Pool;
const children: ChildProcess[] = [];

beforeAll(() => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

function chat(
  url: string,
  from: number,
  to: number,
): { child: ChildProcess; taken: () => number; ended: Promise<unknown> } {
  const args = [CHAT, url, path.join(folder, 'queue.ndjson'), String(from), String(to)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    child,
    taken: () => Number([...output.matchAll(/taken (\d+)/g)].at(-1)?.[1] ?? from - 1) + 1,
    ended,
  };
}

it('the server goes away in the middle of a chat, the chat is killed, both come back: every message once, in order', async () => {
  const port = String(await freePort());
  const first = await startReadyApi({ env: { ...env, PORT: port } });
  const before = chat(first.url, 0, 1_000);
  await poll('some messages are stored', DEADLINE_MS, async () => before.taken() >= 10);
  first.kill('SIGKILL');
  await first.ended;
  const atDeath = before.taken();
  await poll('the chat goes on without its server', DEADLINE_MS, async () => before.taken() >= atDeath + 20);
  before.child.kill('SIGKILL');
  await before.ended;
  const next = before.taken();

  const second = await startReadyApi({ env: { ...env, PORT: port } });
  const after = chat(second.url, next, next + 10);
  expect(await after.ended).toBe(0);
  const stored = await pool.query<{ message_id: string }>(
    'SELECT message_id FROM messages WHERE namespace = $1 ORDER BY conversation_id, seq',
    [env['NAMESPACE']],
  );
  expect(stored.rows.map((row) => row.message_id)).toEqual(
    Array.from({ length: next + 10 }, (_, i) => `m${i}`),
  );
  await second.stop();
}, 90_000);
