import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type ClientRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { LINES, importEnded, ndjson, sendImport, type ImportLineBody } from '../support/import-client';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const MIB = 1024 * 1024;
const DEADLINE_MS = 30_000;
/** What is offered to an API that cannot store it … */
const OFFERED_BYTES = 200 * MIB;
/** … and the most that it and the sockets between may take of it. */
const TAKEN_BYTES = 32 * MIB;
/** Nothing more was taken for so long. */
const STILL_MS = 2_000;

let stack: Stack;
let api: ApiClient;
let pool: Pool;
beforeAll(async () => {
  stack = await startStack({ env: { EMBEDDER: 'none', FLUSH_INTERVAL_MS: '1000' } });
  api = apiClient(stack.url);
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
}, 60_000);

const newUser = (): string => `sender-${randomUUID()}`;
const turn = (user: string, conversation: string, n: number, more = ''): ImportLineBody => ({
  user_id: user,
  conversation_id: conversation,
  role: 'user',
  content: `line ${n} of the file${more}`,
});

/** A body that is sent piece by piece. */
function openImport(): { sending: ClientRequest; answer: Promise<{ status: number; body: unknown }> } {
  const sending = request(`${stack.url}/v1/imports`, { method: 'POST', headers: LINES });
  const answer = once(sending, 'response').then(async ([response]) => ({
    status: response.statusCode as number,
    body: JSON.parse(await text(response)) as unknown,
  }));
  answer.catch(() => undefined);
  return { sending, answer };
}

it('takes live messages into a conversation whose lines are still coming: each stream in its own order, whole', async () => {
  const user = newUser();
  const { sending, answer } = openImport();
  const [file, live]: [string[], string[]] = [[], []];
  for (let round = 0; round < 4; round += 1) {
    const lines = Array.from({ length: 25 }, (_, i) => turn(user, 'mixed', 25 * round + i));
    file.push(...lines.map((line) => line.content!));
    sending.write(ndjson(lines));
    for (let i = 0; i < 3; i += 1) {
      const content = `live ${3 * round + i}`;
      live.push(content);
      const path = '/v1/conversations/mixed/messages';
      const sent = await api.post(path, { user_id: user, messages: [{ role: 'user', content }] });
      expect(sent.status).toBe(202);
    }
    await poll('both are stored', DEADLINE_MS, async () => {
      const { body } = await api.get(`/v1/conversations/mixed?user_id=${user}`);
      return body.appended_through === file.length + live.length;
    });
  }
  sending.end();
  const sent = await answer;
  expect(sent).toMatchObject({ status: 202, body: { accepted: 100, duplicates: 0, rejected: 0 } });
  await importEnded(stack.url, (sent.body as { import_id: string }).import_id);
  await poll('the live ones are indexed too', DEADLINE_MS, async () => {
    const { body } = await api.get(`/v1/conversations/mixed?user_id=${user}`);
    return body.indexed_through === 112;
  });
  const { rows } = await pool.query<{ content: string; imported: boolean }>(
    `SELECT content, import_id IS NOT NULL AS imported FROM messages
      WHERE namespace = $1 AND user_id = $2 ORDER BY seq`,
    [stack.namespace, user],
  );
  const saidBy = (imported: boolean) => rows.filter((row) => row.imported === imported);
  expect(saidBy(true).map((row) => row.content)).toEqual(file);
  expect(saidBy(false).map((row) => row.content)).toEqual(live);
  expect(await census(pool, stack.namespace)).toMatchObject({
    messages: 112,
    outsideOneBatch: 0,
    brokenConversations: 0,
    batchesWithoutMemory: 0,
  });
}, 120_000);

it('is never answered from an Idempotency-Key', async () => {
  const user = newUser();
  const headers = { ...LINES, 'Idempotency-Key': randomUUID() };
  const lines = [turn(user, 'keyed', 1), turn(user, 'keyed', 2)];
  const first = await sendImport(stack.url, ndjson(lines), { headers });
  expect(first.body).toMatchObject({ accepted: 2 });
  const again = await sendImport(stack.url, ndjson(lines), { headers });
  expect(again).toMatchObject({ status: 202, body: { accepted: 0, duplicates: 2 } });
  expect(again.body.import_id).not.toBe(first.body.import_id);
  const other = await sendImport(stack.url, ndjson([turn(user, 'keyed', 3)]), { headers });
  expect(other).toMatchObject({ status: 202, body: { accepted: 1 } });
});

it('holds a sender back while it cannot store, rather than fill its memory, and loses nothing', async () => {
  const user = newUser();
  await sendImport(stack.url, ndjson([turn(user, 'held', 0)]));
  const holder = await pool.connect();
  const { sending, answer } = openImport();
  let [written, lines, isHeldBack] = [0, 0, false];
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM conversations WHERE namespace = $1 AND user_id = $2 FOR UPDATE', [
      stack.namespace,
      user,
    ]);
    while (!isHeldBack && written < OFFERED_BYTES) {
      const group = Array.from({ length: 500 }, (_, i) =>
        turn(user, 'held', lines + i + 1, ' x'.repeat(1_000)),
      );
      const piece = ndjson(group);
      lines += group.length;
      written += piece.length;
      if (sending.write(piece)) continue;
      const drained = once(sending, 'drain').then(() => true);
      isHeldBack = !(await Promise.race([drained, sleep(STILL_MS, false)]));
    }
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
  expect(isHeldBack).toBe(true);
  expect(written).toBeLessThan(TAKEN_BYTES);
  sending.end();
  const sent = await answer;
  expect(sent).toMatchObject({ status: 202, body: { lines, accepted: lines, rejected: 0 } });
  await api.post(`/v1/imports/${(sent.body as { import_id: string }).import_id}/cancel`);
}, 120_000);
