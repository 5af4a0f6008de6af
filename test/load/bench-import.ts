import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { loadConfig, type Config } from '../../src/config';
import { conversationWorkflowId } from '../../src/domain/ids';
import { importWorkflowId } from '../../src/domain/import';
import { createEmbedder } from '../../src/models/create-embedder';
import { createTemporalClient } from '../../src/temporal/connection';
import { importView, ndjson, sendImport, type ImportAnswer } from '../support/import-client';
import { bareInserts, objectsOf } from './bare-inserts';
import { startBenchStack, type BenchStack } from './bench-stack';
import { streamOfLines } from './bench-import-stream';
import { startInstantEmbeddings } from './instant-embeddings';
import { quiet } from './quiet';
import { JsonClient, openLoop, quantile } from './requests';
import { CONVERSATION_MESSAGES, talk, turnText, type Line } from './synthetic-talk';

/** Sizes; other ones by environment: BENCH_LOCAL_MESSAGES, BENCH_STUB_MESSAGES; 0 leaves a part out. */
const LOCAL_MESSAGES = Number(process.env['BENCH_LOCAL_MESSAGES'] ?? 9_000);
const STUB_MESSAGES = Number(process.env['BENCH_STUB_MESSAGES'] ?? 20_000);
/** An odd number: the middle one counts. */
const ROUNDS = 3;
const POST_MESSAGES = 10_000;
const POST_ROUNDS = 9;
const LIVE_RATE_PER_SECOND = 10;
const LIVE_MS = 30_000;
const STUB_DIMENSIONS = 384;
const SAMPLE_MS = 100;
const DEADLINE_MS = 30 * 60_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Prints the figures of imports as ratios taken in one run on this machine: `npm run bench:import`; with `-- stream` what
 * a million lines do to the memory of the API instead.
 */
async function main(): Promise<void> {
  if (process.argv[2] === 'stream') return streamOfLines(say);
  say(
    `${LOCAL_MESSAGES} messages with the local embedder, ${STUB_MESSAGES} with an instant one, ${CONVERSATION_MESSAGES} a conversation`,
  );
  if (LOCAL_MESSAGES > 0) await withLocalEmbedder();
  if (STUB_MESSAGES > 0) await withInstantEmbedder();
}

async function withLocalEmbedder(): Promise<void> {
  const stack = await startBenchStack();
  try {
    const config = loadConfig(stack.env);
    const rounds: LocalRound[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const lines = talk(`local-${randomUUID()}`, LOCAL_MESSAGES);
      const texts = lines.map((line) => line.content);
      await quiet(stack);
      const bare = await bareTextsPerSecond(config, texts);
      if (bare === null) return say('there is no local model: its figures are left out');
      await quiet(stack);
      const { perSecond } = await importAll(stack, lines);
      rounds.push({ perSecond, bare, ratio: perSecond / bare });
    }
    const { perSecond, bare, ratio } = middleOf(rounds);
    say(
      `messages/s from first byte to last searchable, local embedder: ${perSecond.toFixed(0)} against its bare ${bare.toFixed(0)} texts/s = ${ratio.toFixed(2)} (wanted: 0.7), the middle of ${ratiosOf(rounds)}`,
    );
    await liveLatency(stack);
  } finally {
    await stack.stop();
  }
}

async function withInstantEmbedder(): Promise<void> {
  const stub = await startInstantEmbeddings(STUB_DIMENSIONS);
  const stack = await startBenchStack({
    EMBEDDER: 'openai',
    EMBEDDER_URL: stub.url,
    EMBEDDER_DIMENSIONS: String(STUB_DIMENSIONS),
    EMBEDDER_MODEL: 'instant',
  });
  try {
    await postAgainstCopy(stack);
    const before = { requests: stub.requests, texts: stub.texts };
    const rounds: StubRound[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) rounds.push(await againstBareInserts(stack));
    const messages = ROUNDS * STUB_MESSAGES;
    const requests = ((stub.requests - before.requests) * 1_000) / messages;
    const { user, run, bare, ratio } = middleOf(rounds);
    const objectsPerSecond = run.perSecond * (bare.objects / STUB_MESSAGES);
    say(
      `messages/s from first byte to last searchable, instant embedder: ${run.perSecond.toFixed(0)} against ${bare.perSecond.toFixed(0)} objects/s by bare REST batch inserts = ${ratio.toFixed(2)} (wanted: 0.6), the middle of ${ratiosOf(rounds)}; they are ${objectsPerSecond.toFixed(0)} objects/s, ${(objectsPerSecond / bare.perSecond).toFixed(2)} of it`,
    );
    say(
      `flat: ${run.lastTenth.toFixed(0)} messages/s over the last tenth against ${run.firstTenth.toFixed(0)} over the first = ${(run.lastTenth / run.firstTenth).toFixed(2)} (wanted: 0.8); RSS of the API ${run.rss.api.join(' to ')} MB, of the worker ${run.rss.worker.join(' to ')} MB`,
    );
    say(
      `embedding requests a 1,000 messages: ${requests.toFixed(1)} (wanted: at most 40); texts embedded a message: ${((stub.texts - before.texts) / messages).toFixed(2)}`,
    );
    await historyEvents(stack, user, run.importId);
  } finally {
    await stack.stop();
    stub.close();
  }
}

interface LocalRound {
  perSecond: number;
  bare: number;
  ratio: number;
}

interface StubRound {
  user: string;
  run: Run;
  bare: { objects: number; perSecond: number };
  ratio: number;
}

/** An import, and then the objects that it made into a collection of their own, each while nothing else is done. */
async function againstBareInserts(stack: BenchStack): Promise<StubRound> {
  const user = `stub-${randomUUID()}`;
  await quiet(stack);
  const run = await importAll(stack, talk(user, STUB_MESSAGES));
  const objects = await objectsOf(stack, user, `instant-${STUB_DIMENSIONS}`);
  await quiet(stack);
  const bare = { objects: objects.length, perSecond: await bareInserts(stack, objects) };
  return { user, run, bare, ratio: run.perSecond / bare.perSecond };
}

function middleOf<Round extends { ratio: number }>(rounds: readonly Round[]): Round {
  return [...rounds].sort((a, b) => a.ratio - b.ratio)[Math.floor(rounds.length / 2)]!;
}

function ratiosOf(rounds: readonly { ratio: number }[]): string {
  return rounds.map(({ ratio }) => ratio.toFixed(2)).join(', ');
}

interface Run {
  importId: string;
  perSecond: number;
  firstTenth: number;
  lastTenth: number;
  rss: { api: [number, number]; worker: [number, number] };
}

async function importAll(stack: BenchStack, lines: Line[]): Promise<Run> {
  const body = ndjson(lines);
  const samples: [number, number][] = [];
  const atStart = { api: rssOf(stack, 'api'), worker: rssOf(stack, 'worker') };
  const started = performance.now();
  const sent = await sendImport(stack.url, body);
  if (sent.status !== 202)
    throw new Error(`the import was answered with ${sent.status}: ${JSON.stringify(sent.body)}`);
  const id = sent.body.import_id as string;
  const receivedMs = performance.now() - started;
  let view: ImportAnswer;
  do {
    await sleep(SAMPLE_MS);
    view = await importView(stack.url, id);
    samples.push([performance.now() - started, view.totals.indexed]);
    if (performance.now() - started > DEADLINE_MS) throw new Error(`stuck at ${JSON.stringify(view)}`);
  } while (view.totals.pending > 0);
  if (view.totals.indexed !== lines.length) throw new Error(`not all is indexed: ${JSON.stringify(view)}`);
  const when = (share: number): number =>
    samples.find(([, done]) => done >= share * lines.length)![0] / 1_000;
  const tenth = lines.length / 10;
  // Indexing begins with the 202, or earlier where the body takes long.
  const begunMs = Math.min(receivedMs, samples.find(([, done]) => done > 0)![0]);
  return {
    importId: id,
    perSecond: lines.length / when(1),
    firstTenth: tenth / Math.max(0.001, when(0.1) - begunMs / 1_000),
    lastTenth: tenth / Math.max(0.001, when(1) - when(0.9)),
    rss: {
      api: [atStart.api, rssOf(stack, 'api')],
      worker: [atStart.worker, rssOf(stack, 'worker')],
    },
  };
}

async function bareTextsPerSecond(config: Config, texts: string[]): Promise<number | null> {
  const { embedder } = createEmbedder({
    kind: 'local',
    url: '',
    apiKey: '',
    model: '',
    dimensions: 384,
    timeoutMs: config.EMBEDDER_TIMEOUT_MS,
    threads: config.EMBEDDER_THREADS,
    modelDir: config.MODEL_DIR,
  });
  if (!embedder) return null;
  await embedder.embed(texts.slice(0, 32), { purpose: 'document' });
  const started = performance.now();
  await embedder.embed(texts, { purpose: 'document' });
  const seconds = (performance.now() - started) / 1_000;
  await embedder.close();
  return texts.length / seconds;
}

async function liveLatency(stack: BenchStack): Promise<void> {
  const live = async (): Promise<{ p50: number; p99: number }> => {
    const client = new JsonClient(stack.url, 16);
    const result = await openLoop({ ratePerSecond: LIVE_RATE_PER_SECOND, durationMs: LIVE_MS }, (i) =>
      client.post('/v1/orchestrator/message', {
        conversation_id: `live-${i % 20}`,
        role: i % 2 === 0 ? 'user' : 'assistant',
        content: turnText(i),
        metadata: { user_id: `live-user-${i % 20}` },
      }),
    );
    client.close();
    if (result.failures > 0) throw new Error(`${result.failures} live messages failed`);
    return { p50: quantile(result.latenciesMs, 0.5), p99: quantile(result.latenciesMs, 0.99) };
  };
  await live();
  const idle = await live();
  const sent = await sendImport(stack.url, ndjson(talk(`busy-${randomUUID()}`, 4 * LOCAL_MESSAGES)));
  await sleep(2_000);
  const busy = await live();
  const { totals } = await importView(stack.url, sent.body.import_id as string);
  const still = totals.pending > 0 ? '' : ' (the import had ended before)';
  await fetch(`${stack.url}/v1/imports/${sent.body.import_id}/cancel`, { method: 'POST' });
  say(
    `orchestrator/message at ${LIVE_RATE_PER_SECOND}/s while an import runs${still}: p99 ${busy.p99.toFixed(1)} ms against ${idle.p99.toFixed(1)} ms idle = ${(busy.p99 / idle.p99).toFixed(2)} (wanted: below 4); p50 ${busy.p50.toFixed(1)} against ${idle.p50.toFixed(1)} ms`,
  );
}

async function postAgainstCopy(stack: BenchStack): Promise<void> {
  const record = new Client({ connectionString: stack.env['DATABASE_URL'] });
  await record.connect();
  const file = join(tmpdir(), `bench-import-${randomUUID()}`);
  try {
    const posts: number[] = [];
    const copies: number[] = [];
    await record.query('CREATE TABLE bench_copy (LIKE messages INCLUDING ALL)');
    for (let round = 0; round <= POST_ROUNDS; round += 1) {
      await quiet(stack);
      const body = ndjson(talk(`post-${round}-${randomUUID()}`, POST_MESSAGES));
      const started = performance.now();
      const sent = await sendImport(stack.url, body);
      const took = performance.now() - started;
      const id = sent.body.import_id as string;
      while ((await importView(stack.url, id)).totals.pending > 0) await sleep(SAMPLE_MS);
      await quiet(stack);
      await record.query(`COPY (SELECT * FROM messages WHERE import_id = '${id}') TO '${file}'`);
      const copying = performance.now();
      await record.query(`COPY bench_copy FROM '${file}'`);
      // The first round warms both up.
      if (round > 0) {
        posts.push(took);
        copies.push(performance.now() - copying);
      }
    }
    const [post, copy] = [quantile(posts, 0.5), quantile(copies, 0.5)];
    say(
      `POST of ${POST_MESSAGES} lines to 202: ${post.toFixed(0)} ms against ${copy.toFixed(0)} ms for COPY of the same rows from a file = ${(post / copy).toFixed(2)} (wanted: at most 3)`,
    );
    await record.query('DROP TABLE bench_copy');
  } finally {
    rmSync(file, { force: true });
    await record.end();
  }
}

async function historyEvents(stack: BenchStack, user: string, importId: string): Promise<void> {
  const config = loadConfig(stack.env);
  const { client, close } = createTemporalClient({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
  });
  const lengthOf = async (workflowId: string): Promise<number> =>
    (await client.workflow.getHandle(workflowId).describe()).historyLength;
  const conversations = Math.ceil(STUB_MESSAGES / CONVERSATION_MESSAGES);
  let events = await lengthOf(importWorkflowId(importId));
  const own = events;
  for (let k = 0; k < conversations; k += 1) {
    events += await lengthOf(
      conversationWorkflowId({ namespace: config.NAMESPACE, userId: user, conversationId: `talk-${k}` }),
    );
  }
  const allowed = 30 * conversations + 0.1 * STUB_MESSAGES;
  say(
    `history events: ${events} for ${conversations} conversations and ${STUB_MESSAGES} messages (${own} of them the import's own) = ${(events / allowed).toFixed(2)} of the ${allowed} allowed`,
  );
  await close();
}

function rssOf(stack: BenchStack, part: string): number {
  const status = readFileSync(`/proc/${stack.pidOf(part)}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
