import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { freePort } from '../support/free-port';
import {
  LINES,
  checkTotals,
  importEnded,
  importView,
  ndjson,
  sendImport,
  type ImportAnswer,
  type ImportLineBody,
} from '../support/import-client';
import { census, wrongImportTotals } from '../support/invariants';
import { poll } from '../support/poll';
import { StackProcess } from '../support/stack-process';

/** Kills that fall into the reception of a body: it comes piece by piece, over seconds, and is half there when a part dies. */
const FILE_LINES = 4_000;
const CONVERSATIONS = 8;
const PIECE_LINES = 40;
const PIECE_EVERY_MS = 100;
/** Every so often somebody says the same again at the same time: only how often it was said tells them apart. */
const REPEATED_EVERY = 10;
const EARLIEST_MS = Date.parse('2019-03-01T08:00:00Z');
const SWEEP_INTERVAL_MS = 3_000;
const REQUEST_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 120_000;
const STORED_DEADLINE_MS = 60_000;
/** A body's lease, the sweep behind it, and the indexing. */
const ENDED_DEADLINE_MS = 120_000;
const TEST_DEADLINE_MS = 300_000;

const namespace = `kill-receiving-${randomUUID().slice(0, 8)}`;
const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-kill-receiving-'));
let stack: StackProcess;
let api: string;
let pool: Pool;

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  const env = {
    PORT: String(await freePort()),
    NAMESPACE: namespace,
    SWEEP_INTERVAL_MS: String(SWEEP_INTERVAL_MS),
    EMBEDDER: 'none',
  };
  stack = StackProcess.run({ dataDir, env });
  api = await stack.api();
  await stack.isUp(api, START_DEADLINE_MS);
  pool = createPool({ url: stack.environmentOfApi()['DATABASE_URL']!, size: 2, onError: () => undefined });
}, START_DEADLINE_MS + 10_000);

afterAll(async () => {
  await pool?.end();
  if (stack && stack.child.exitCode === null) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

it.each([
  // A workflow is told of a body once it takes a while: before that only the sweep can find what is left of it.
  ['before its workflow knows of it', 1],
  ['in the middle', FILE_LINES / 2],
])(
  'the API dies %s: what had come is kept and ends by itself, and the file sent again completes it',
  async (_when, acceptedBefore) => {
    const user = `sender-${randomUUID()}`;
    const file = linesOf(user);
    const { reception, seen } = await whileReceiving(file, acceptedBefore);
    await stack.killPart('api');
    await expect(reception).rejects.toThrow(/ECONNRESET|socket hang up|EPIPE/);

    const back = await poll('the API is back', STORED_DEADLINE_MS, () => importView(api, seen.import_id));
    expect(back.totals.accepted).toBeGreaterThanOrEqual(seen.totals.accepted);
    const first = await importEnded(api, seen.import_id, ENDED_DEADLINE_MS);
    const kept = first.totals.accepted;
    expect(kept).toBeLessThan(FILE_LINES);
    expect(first).toMatchObject({
      status: 'completed',
      totals: { lines: kept, accepted: kept, duplicates: 0, rejected: 0, indexed: kept, failed: 0 },
    });

    const again = await sendImport(api, ndjson(file));
    expect(again).toMatchObject({
      status: 202,
      body: { lines: FILE_LINES, accepted: FILE_LINES - kept, duplicates: kept, rejected: 0 },
    });
    await importEnded(api, again.body.import_id, ENDED_DEADLINE_MS);
    await isStoredOnce(user, file);
    process.stdout.write(`the API died after ${seen.totals.accepted} lines were seen: ${kept} kept\n`);
  },
  TEST_DEADLINE_MS,
);

it(
  'Postgres dies with a chunk on its way: the sender is held back meanwhile, and the same body is taken to its end, each line once',
  async () => {
    const user = `sender-${randomUUID()}`;
    const file = linesOf(user);
    const { reception, seen } = await whileReceiving(file, FILE_LINES / 4);
    await whileAChunkIsStored(user, () => stack.killPart('postgres'));
    const answer = await reception;
    expect(answer).toMatchObject({
      status: 202,
      body: {
        import_id: seen.import_id,
        lines: FILE_LINES,
        accepted: FILE_LINES,
        duplicates: 0,
        rejected: 0,
      },
    });
    expect(await importEnded(api, seen.import_id, ENDED_DEADLINE_MS)).toMatchObject({
      status: 'completed',
      totals: { accepted: FILE_LINES, indexed: FILE_LINES, failed: 0 },
    });
    const again = await sendImport(api, ndjson(file));
    expect(again).toMatchObject({ status: 202, body: { accepted: 0, duplicates: FILE_LINES, rejected: 0 } });
    await isStoredOnce(user, file);
  },
  TEST_DEADLINE_MS,
);

/** Half of them without an id, some said twice at the same time. */
function linesOf(user: string): ImportLineBody[] {
  return Array.from({ length: FILE_LINES }, (_, i) => {
    const [conversation, turn] = [i % CONVERSATIONS, Math.floor(i / CONVERSATIONS)];
    const said = turn % REPEATED_EVERY === 1 ? turn - 1 : turn;
    return {
      user_id: user,
      conversation_id: `chat-${conversation}`,
      role: 'user',
      content: `turn ${said} about the harbour`,
      timestamp: new Date(EARLIEST_MS + said * 60_000).toISOString(),
      ...(turn % 2 === 0 && turn % REPEATED_EVERY > 1 ? { message_id: `turn-${turn}` } : {}),
    };
  });
}

/** Sends a file piece by piece, as a slow line does. @throws Error when the connection ends before the answer */
async function sendSlowly(file: readonly ImportLineBody[]): Promise<{ status: number; body: unknown }> {
  const sending = request(`${api}/v1/imports`, { method: 'POST', headers: LINES });
  const answer = once(sending, 'response').then(async ([response]) => ({
    status: response.statusCode as number,
    body: JSON.parse(await text(response)) as unknown,
  }));
  answer.catch(() => undefined);
  for (let at = 0; at < file.length && !sending.destroyed; at += PIECE_LINES) {
    const piece = ndjson(file.slice(at, at + PIECE_LINES));
    if (!sending.write(piece)) await Promise.race([once(sending, 'drain'), answer]);
    await sleep(PIECE_EVERY_MS);
  }
  sending.end();
  return answer;
}

/** Begins to send a file; comes back once so much of it is stored while more is coming. */
async function whileReceiving(
  file: readonly ImportLineBody[],
  accepted: number,
): Promise<{ reception: Promise<{ status: number; body: unknown }>; seen: ImportAnswer }> {
  const known = new Set((await everyImport()).map((one) => one.import_id));
  const reception = sendSlowly(file);
  reception.catch(() => undefined);
  const seen = await poll(`${accepted} lines are stored while more come`, STORED_DEADLINE_MS, async () => {
    const received = (await everyImport()).find((one) => !known.has(one.import_id));
    return received?.status === 'receiving' && received.totals.accepted >= accepted && received;
  });
  return { reception, seen };
}

/** Holds a chunk up in the middle of its transaction, for what is to happen then. */
async function whileAChunkIsStored(user: string, happen: () => Promise<void>): Promise<void> {
  const holder = await pool.connect();
  let lost: Error | undefined;
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM conversations WHERE namespace = $1 AND user_id = $2 FOR UPDATE', [
      namespace,
      user,
    ]);
    await poll('a chunk waits for the lock', STORED_DEADLINE_MS, async () => {
      const waiting = await pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%accept_import_chunk%' AND wait_event_type = 'Lock'`,
      );
      return waiting.rows.length > 0;
    });
    await happen();
    await holder.query('ROLLBACK').catch((error: Error) => (lost = error));
  } finally {
    holder.release(lost);
  }
}

async function everyImport(): Promise<ImportAnswer[]> {
  const response = await fetch(`${api}/v1/imports`, { signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) });
  const { imports } = (await response.json()) as { imports: ImportAnswer[] };
  for (const one of imports) checkTotals(one);
  return imports;
}

/** Every line of the file is one row, in its order and with its date, in exactly one batch; and what is counted is there. */
async function isStoredOnce(user: string, file: readonly ImportLineBody[]): Promise<void> {
  const { rows } = await pool.query<{ conversation: string; content: string; said_at: Date }>(
    `SELECT conversation_id AS conversation, content, said_at FROM messages
      WHERE namespace = $1 AND user_id = $2 ORDER BY conversation_id, seq`,
    [namespace, user],
  );
  const stored = rows.map((row) => [row.conversation, row.content, row.said_at.toISOString()]);
  const inOrder = Array.from({ length: CONVERSATIONS }, (_, conversation) =>
    file.filter((line) => line.conversation_id === `chat-${conversation}`),
  ).flat();
  expect(stored).toEqual(inOrder.map((line) => [line.conversation_id, line.content, line.timestamp]));
  expect(await wrongImportTotals(pool, namespace)).toEqual([]);
  expect(await census(pool, namespace)).toMatchObject({
    outsideOneBatch: 0,
    brokenConversations: 0,
    batchesWithoutMemory: 0,
    failedBatches: 0,
  });
}
