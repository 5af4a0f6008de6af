import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filesIn } from '../support/byte-search';
import { importEnded, ndjson, sendImport } from '../support/import-client';
import type { BenchStack } from './bench-stack';
import { JsonClient, openLoop } from './requests';
import { settle, withRecord } from './settle';
import { talk, turnText } from './synthetic-talk';

const IMPORTED_MESSAGES = Number(process.env['BENCH_SIZES_MESSAGES'] ?? 20_000);
const LIVE_MESSAGES = 2_000;
const LIVE_RATE_PER_SECOND = 50;
const LIVE_CONVERSATIONS = 50;
const DEADLINE_MS = 15 * 60_000;
/** Until stores have written down what they hold in memory. */
const WRITTEN_AFTER_MS = 20_000;
const SHOWN_TABLES = 6;

interface Sizes {
  postgres: number;
  temporal: number;
}

/** Prints how many bytes a message takes in each store, imported and live. */
export async function sizesOfAMessage(stack: BenchStack, say: (line: string) => void): Promise<void> {
  const lines = talk(`sizes-${randomUUID()}`, IMPORTED_MESSAGES);
  const text = lines.reduce((sum, line) => sum + Buffer.byteLength(line.content), 0) / lines.length;
  const empty = await sizes(stack);
  const sent = await sendImport(stack.url, ndjson(lines));
  await importEnded(stack.url, sent.body.import_id as string, DEADLINE_MS);
  await settle(stack);
  const imported = await sizes(stack);
  say(
    `${IMPORTED_MESSAGES} imported messages of ${text.toFixed(0)} bytes of text, by users of one: ${perMessage(empty, imported, IMPORTED_MESSAGES)}`,
  );
  for (const line of await largestTables(stack, IMPORTED_MESSAGES)) say(line);
  const client = new JsonClient(stack.url, 16);
  const result = await openLoop(
    { ratePerSecond: LIVE_RATE_PER_SECOND, durationMs: (LIVE_MESSAGES / LIVE_RATE_PER_SECOND) * 1_000 },
    (i) =>
      client.post('/v1/orchestrator/message', {
        conversation_id: `live-${i % LIVE_CONVERSATIONS}`,
        role: i % 2 === 0 ? 'user' : 'assistant',
        content: turnText(i),
        metadata: { user_id: `live-user-${i % LIVE_CONVERSATIONS}` },
      }),
  );
  client.close();
  if (result.failures > 0) throw new Error(`${result.failures} live messages failed`);
  await settle(stack);
  const lived = await sizes(stack);
  say(
    `${LIVE_MESSAGES} live messages of ${LIVE_CONVERSATIONS} users with a conversation each: ${perMessage(imported, lived, LIVE_MESSAGES)}`,
  );
  const [large, ...small] = tenants(stack).sort((a, b) => b.bytes - a.bytes);
  say(
    `Weaviate: ${(large!.bytes / IMPORTED_MESSAGES).toFixed(0)} bytes a message in the tenant with ${IMPORTED_MESSAGES} (${large!.files} files); ${(sum(small, 'bytes') / LIVE_MESSAGES).toFixed(0)} in tenants with ${LIVE_MESSAGES / LIVE_CONVERSATIONS} (${(sum(small, 'files') / small.length).toFixed(0)} files each); its process has ${residentMb(stack)} MB in memory`,
  );
}

interface Tenant {
  bytes: number;
  files: number;
}

const sum = (tenants: readonly Tenant[], what: keyof Tenant): number =>
  tenants.reduce((total, tenant) => total + tenant[what], 0);

/** Every tenant has a folder in that of its collection. */
function tenants(stack: BenchStack): Tenant[] {
  const data = join(stack.dataDir, 'weaviate');
  const collection = readdirSync(data).find((name) => name.startsWith('memory_'))!;
  return readdirSync(join(data, collection)).map((name) => ({
    bytes: bytesIn(join(data, collection, name)),
    files: filesIn(join(data, collection, name)).length,
  }));
}

function residentMb(stack: BenchStack): number {
  const status = readFileSync(`/proc/${stack.pidOf('weaviate')}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024);
}

function perMessage(before: Sizes, after: Sizes, messages: number): string {
  const bytes = (store: keyof Sizes): string => ((after[store] - before[store]) / messages).toFixed(0);
  return `${bytes('postgres')} bytes a message in Postgres (tables and indexes), ${bytes('temporal')} in Temporal`;
}

async function sizes(stack: BenchStack): Promise<Sizes> {
  await sleep(WRITTEN_AFTER_MS);
  const postgres = await withRecord(stack, async (record) => {
    const { rows } = await record.query<{ bytes: string }>(
      'SELECT pg_database_size(current_database()) AS bytes',
    );
    return Number(rows[0]!.bytes);
  });
  return {
    postgres,
    temporal: bytesIn(join(stack.dataDir, 'temporal.db')),
  };
}

async function largestTables(stack: BenchStack, messages: number): Promise<string[]> {
  return withRecord(stack, async (record) => {
    const { rows } = await record.query<{ name: string; bytes: string; indexes: string }>(
      `SELECT relname AS name, pg_total_relation_size(oid) AS bytes, pg_indexes_size(oid) AS indexes FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT $1`,
      [SHOWN_TABLES],
    );
    return rows.map(
      ({ name, bytes, indexes }) =>
        `  ${name}: ${(Number(bytes) / messages).toFixed(0)} bytes a message (${(Number(indexes) / messages).toFixed(0)} of them indexes)`,
    );
  });
}

function bytesIn(place: string): number {
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found) return 0;
  // What it takes on the disk: files may have holes.
  if (!found.isDirectory()) return found.blocks * 512;
  return readdirSync(place).reduce((sum, name) => sum + bytesIn(join(place, name)), 0);
}
