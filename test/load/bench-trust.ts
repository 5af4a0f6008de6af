import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { loadConfig } from '../../src/config';
import { collectionName } from '../../src/index/weaviate-collection';
import { createTemporalClient } from '../../src/temporal/connection';
import type { ReindexCounts } from '../../workflows/reindex.contract';
import { importEnded, ndjson, sendImport } from '../support/import-client';
import { poll } from '../support/poll';
import { bareInserts, objectsOf, weaviate } from './bare-inserts';
import { startBenchStack, type BenchStack } from './bench-stack';
import { holdLiveRate } from './bench-live';
import { recoveryOfParts } from './bench-recovery';
import { sizesOfAMessage } from './bench-sizes';
import { startInstantEmbeddings } from './instant-embeddings';
import { quantile } from './requests';
import { talk } from './synthetic-talk';

const ERASED_MESSAGES = 10_000;
const REINDEX_MESSAGES = Number(process.env['BENCH_REINDEX_MESSAGES'] ?? 40_000);
const REINDEX_ROUNDS = 3;
const DIMENSIONS = 384;
const LOOK_EVERY_MS = 50;
const DEADLINE_MS = 15 * 60_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** As `npm start` runs it, with its local embedder. */
const AS_STARTED: Record<string, string> = {};
/** With a stand-in for a hosted embedder; its address is added in main. */
const INSTANT_EMBEDDINGS: Record<string, string> = {
  EMBEDDER: 'openai',
  EMBEDDER_DIMENSIONS: String(DIMENSIONS),
  EMBEDDER_MODEL: 'instant',
};

const FIGURES: Record<string, { env: Record<string, string>; take: (stack: BenchStack) => Promise<void> }> = {
  erase: { env: INSTANT_EMBEDDINGS, take: timeToErase },
  reindex: { env: INSTANT_EMBEDDINGS, take: reindexAgainstBareInserts },
  sizes: { env: INSTANT_EMBEDDINGS, take: (stack) => sizesOfAMessage(stack, say) },
  recovery: { env: AS_STARTED, take: (stack) => recoveryOfParts(stack, say) },
  live: { env: AS_STARTED, take: (stack) => holdLiveRate(stack, say) },
};

/** `npm run bench:trust`, or `npm run bench:trust -- NAME …` for some of its figures; each has a stack of its own. */
async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in FIGURES));
  if (unknown.length > 0)
    throw new Error(`there is no figure ${unknown.join(', ')}; there are ${Object.keys(FIGURES).join(', ')}`);
  const embeddings = await startInstantEmbeddings(DIMENSIONS);
  INSTANT_EMBEDDINGS['EMBEDDER_URL'] = embeddings.url;
  for (const [name, { env, take }] of Object.entries(FIGURES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const stack = await startBenchStack(env);
    try {
      await take(stack);
    } finally {
      await stack.stop();
    }
  }
}

async function fill(stack: BenchStack, user: string, messages: number): Promise<void> {
  const sent = await sendImport(stack.url, ndjson(talk(user, messages)));
  const ended = await importEnded(stack.url, sent.body.import_id as string, DEADLINE_MS);
  if (ended.totals.indexed !== messages) throw new Error(`not all is indexed: ${JSON.stringify(ended)}`);
}

async function timeToErase(stack: BenchStack): Promise<void> {
  const user = `erased-${randomUUID()}`;
  await fill(stack, user, ERASED_MESSAGES);
  const erase = async (): Promise<string> => {
    const response = await fetch(`${stack.url}/v1/users/${user}`, { method: 'DELETE' });
    return ((await response.json()) as { status: string }).status;
  };
  const started = performance.now();
  const first = await erase();
  const answeredMs = performance.now() - started;
  if (first !== 'erasing') throw new Error(`the erasure was answered with ${first}`);
  await poll('nothing is left', DEADLINE_MS, async () => (await erase()) === 'erased', LOOK_EVERY_MS);
  const seconds = (performance.now() - started) / 1_000;
  say(
    `time to erase a user of ${ERASED_MESSAGES} messages in ${ERASED_MESSAGES / 100} conversations: answered, and unseen, after ${answeredMs.toFixed(0)} ms; nothing left after ${seconds.toFixed(1)} s`,
  );
}

async function reindexAgainstBareInserts(stack: BenchStack): Promise<void> {
  const user = `reindexed-${randomUUID()}`;
  const embedder = `instant-${DIMENSIONS}`;
  await fill(stack, user, REINDEX_MESSAGES);
  const objects = await objectsOf(stack, user, embedder);
  const { WEAVIATE_COLLECTION } = loadConfig(stack.env);
  const ours: number[] = [];
  const bare: number[] = [];
  // Turn by turn, each into nothing.
  for (let round = 0; round < REINDEX_ROUNDS; round += 1) {
    bare.push(await bareInserts(stack, objects));
    await weaviate(stack, 'DELETE', `/v1/schema/${collectionName(WEAVIATE_COLLECTION, embedder)}`);
    ours.push(await reindexedPerSecond(stack, user, objects.length));
  }
  const over = await reindexedPerSecond(stack, user, objects.length);
  const ratios = ours.map((rate, i) => rate / bare[i]!);
  const median = ratios.indexOf(quantile(ratios, 0.5));
  say(
    `reindex of ${objects.length} objects (${REINDEX_MESSAGES} messages) into an empty index: ${ours[median]!.toFixed(0)} objects/s against ${bare[median]!.toFixed(0)} bare REST batch inserts of the same = ${ratios[median]!.toFixed(2)} (wanted: 0.8; of ${REINDEX_ROUNDS} rounds ${ratios.map((one) => one.toFixed(2)).join(', ')}); over what is there: ${over.toFixed(0)} objects/s`,
  );
}

async function reindexedPerSecond(stack: BenchStack, user: string, objects: number): Promise<number> {
  const answer = await fetch(`${stack.url}/v1/reindex`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: user }),
  });
  const { workflow_id: workflowId } = (await answer.json()) as { workflow_id: string };
  if (answer.status !== 202) throw new Error(`the reindex was answered with ${answer.status}`);
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = loadConfig(stack.env);
  const { client, close } = createTemporalClient({ address, namespace });
  try {
    // Waited for at Temporal: looking again and again how far it is would cost the worker more than its own work.
    const handle = client.workflow.getHandle(workflowId);
    const { written } = (await handle.result()) as ReindexCounts;
    if (written !== objects) throw new Error(`${written} of ${objects} objects were written`);
    const { startTime, closeTime } = await handle.describe();
    return objects / ((closeTime!.getTime() - startTime.getTime()) / 1_000);
  } finally {
    await close();
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
