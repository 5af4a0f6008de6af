import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { loadConfig } from '../../src/config';
import { conversationWorkflowId } from '../../src/domain/ids';
import { createTemporalClient } from '../../src/temporal/connection';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { startStubLanguageModel, type StubLanguageModel } from '../support/stub-language-model';
import { callsOfModel } from './bench-model';
import { startBenchStack, type BenchStack } from './bench-stack';
import { retrieveAgainstBareQuery } from './bench-retrieve';
import { openStreams } from './bench-streams';
import { startInstantEmbeddings } from './instant-embeddings';
import { JsonClient, closedLoop, openLoop, quantile, type LoadResult } from './requests';
import { settle } from './settle';
import { turnText } from './synthetic-talk';

const IN_FLIGHT = 32;
const ROUND_MS = 4_000;
const ROUNDS = 3;
const LIVE_RATE_PER_SECOND = 50;
const LIVE_CONVERSATIONS = 200;
const LIVE_MS = 20_000;
const HISTORY_TURNS = 600;
const LONG_HISTORY_TURNS = 20_000;
const INSTANT_DIMENSIONS = 384;
const LONE_MESSAGES = 40;
const SPACED_CONVERSATIONS = 5;
const SPACED_MESSAGES = 40;
const DEADLINE_MS = 120_000;

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// Without an embedder: what a flood leaves to be indexed is then worked off between two rounds.
const WITHOUT_EMBEDDER: Record<string, string> = { EMBEDDER: 'none' };
const AS_STARTED: Record<string, string> = {};
/** With a stand-in for a hosted embedder: thousands of turns are indexed in a minute. Its address is added in main. */
const INSTANT_EMBEDDINGS: Record<string, string> = {
  EMBEDDER: 'openai',
  EMBEDDER_DIMENSIONS: String(INSTANT_DIMENSIONS),
};
/** With a stand-in for a language model, which counts what it is asked. Its address is added in main. */
const WITH_MODEL: Record<string, string> = { LLM_MODEL: 'stub' };
const STACKS = [WITHOUT_EMBEDDER, AS_STARTED, INSTANT_EMBEDDINGS, WITH_MODEL];
let languageModel: StubLanguageModel;

/** The figures by name, each with the stack it is taken on. */
const FIGURES: Record<string, { env: Record<string, string>; take: (stack: BenchStack) => Promise<void> }> = {
  accepted: { env: WITHOUT_EMBEDDER, take: acceptedAgainstBareRoute },
  latency: { env: AS_STARTED, take: latencyWithAndWithoutTemporal },
  retrieve: { env: AS_STARTED, take: (stack) => retrieveAgainstBareQuery(stack, HISTORY_TURNS, say) },
  'retrieve-long': {
    env: INSTANT_EMBEDDINGS,
    take: (stack) => retrieveAgainstBareQuery(stack, LONG_HISTORY_TURNS, say),
  },
  searchable: { env: AS_STARTED, take: storeToSearchable },
  events: { env: AS_STARTED, take: eventsPerMessage },
  model: { env: WITH_MODEL, take: (stack) => callsOfModel(stack, languageModel, say) },
  streams: { env: WITHOUT_EMBEDDER, take: (stack) => openStreams(stack, say) },
};

/**
 * Prints the product's figures as ratios taken in one run on this machine: `npm run bench`, or `npm run bench -- NAME …`
 * for some of them.
 */
async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in FIGURES));
  if (unknown.length > 0)
    throw new Error(`there is no figure ${unknown.join(', ')}; there are ${Object.keys(FIGURES).join(', ')}`);
  const names = Object.keys(FIGURES).filter((name) => wanted.length === 0 || wanted.includes(name));
  const embeddings = await startInstantEmbeddings(INSTANT_DIMENSIONS);
  INSTANT_EMBEDDINGS['EMBEDDER_URL'] = embeddings.url;
  languageModel = await startStubLanguageModel();
  WITH_MODEL['LLM_URL'] = languageModel.url;
  for (const env of STACKS) {
    const together = names.filter((name) => FIGURES[name]!.env === env);
    if (together.length === 0) continue;
    await onStack(env, async (stack) => {
      for (const name of together) {
        await FIGURES[name]!.take(stack);
        await settle(stack);
      }
    });
  }
}

async function onStack(
  env: Record<string, string>,
  work: (stack: BenchStack) => Promise<void>,
): Promise<void> {
  const stack = await startBenchStack(env);
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}

async function acceptedAgainstBareRoute(stack: BenchStack): Promise<void> {
  const bare = await startBareRoute(stack);
  const api = new JsonClient(stack.url, IN_FLIGHT);
  const plain = new JsonClient(bare.url, IN_FLIGHT);
  const turn = (i: number) => ({ role: 'assistant', content: turnText(i) });
  const twenty = (i: number) => Array.from({ length: 20 }, (_, k) => turn(i * 20 + k));
  const place = (i: number) => ({ user_id: `u${i % 100}`, conversation_id: `c${i % LIVE_CONVERSATIONS}` });
  const cases: [
    string,
    (i: number) => ReturnType<JsonClient['post']>,
    (i: number) => ReturnType<JsonClient['post']>,
  ][] = [
    [
      'one assistant turn',
      (i) =>
        api.post('/v1/orchestrator/message', {
          conversation_id: place(i).conversation_id,
          ...turn(i),
          metadata: { user_id: place(i).user_id },
        }),
      (i) => plain.post('/insert', { ...place(i), messages: [turn(i)] }),
    ],
    [
      '20 messages a request',
      (i) =>
        api.post(`/v1/conversations/${place(i).conversation_id}/messages`, {
          user_id: place(i).user_id,
          messages: twenty(i),
        }),
      (i) => plain.post('/insert', { ...place(i), messages: twenty(i) }),
    ],
  ];
  for (const [name, ours, theirs] of cases) {
    const ratios: number[] = [];
    const rates: [number, number][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const bareResult = await closedLoop({ inFlight: IN_FLIGHT, durationMs: ROUND_MS }, theirs);
      const apiResult = await closedLoop({ inFlight: IN_FLIGHT, durationMs: ROUND_MS }, ours);
      expectNoFailures(name, apiResult);
      ratios.push(apiResult.perSecond / bareResult.perSecond);
      rates.push([apiResult.perSecond, bareResult.perSecond]);
      await settle(stack);
    }
    const [rate, bareRate] = rates[ratios.indexOf(quantile(ratios, 0.5))]!;
    say(
      `accepted requests/s, ${name}, ${IN_FLIGHT} in flight: ${rate.toFixed(0)} against ${bareRate.toFixed(0)} bare = ${quantile(ratios, 0.5).toFixed(2)} (of ${ROUNDS} rounds ${ratios.map((r) => r.toFixed(2)).join(', ')})`,
    );
  }
  api.close();
  plain.close();
  bare.stop();
}

async function latencyWithAndWithoutTemporal(stack: BenchStack): Promise<void> {
  const live = async (label: string): Promise<string> => {
    const client = new JsonClient(stack.url, 64);
    const result = await openLoop({ ratePerSecond: LIVE_RATE_PER_SECOND, durationMs: LIVE_MS }, (i) =>
      client.post('/v1/orchestrator/message', {
        conversation_id: `live-${i % LIVE_CONVERSATIONS}`,
        role: i % 2 === 0 ? 'user' : 'assistant',
        content: turnText(i),
        metadata: { user_id: `live-user-${i % LIVE_CONVERSATIONS}` },
      }),
    );
    client.close();
    expectNoFailures(label, result);
    return `${label} p50 ${ms(quantile(result.latenciesMs, 0.5))} p99 ${ms(quantile(result.latenciesMs, 0.99))}`;
  };
  const running = await live('Temporal running');
  const temporal = stack.pidOf('temporal');
  process.kill(temporal, 'SIGSTOP');
  let stopped: string;
  try {
    stopped = await live('Temporal stopped');
  } finally {
    process.kill(temporal, 'SIGCONT');
  }
  say(
    `orchestrator/message at ${LIVE_RATE_PER_SECOND}/s over ${LIVE_CONVERSATIONS} live conversations: ${running}; ${stopped}`,
  );
}

async function storeToSearchable(stack: BenchStack): Promise<void> {
  const api = new JsonClient(stack.url, 4);
  const times: number[] = [];
  for (let i = 0; i < LONE_MESSAGES; i += 1) {
    const user = `lone-${randomUUID()}`;
    const started = performance.now();
    await api.post('/v1/conversations/only/messages', {
      user_id: user,
      messages: [{ role: 'user', content: turnText(i) }],
    });
    await poll(
      'the message is found',
      DEADLINE_MS,
      async () => {
        const answer = await api.get(`/v1/retrieve?user_id=${user}&query=${encodeURIComponent(turnText(i))}`);
        const { results } = JSON.parse(answer.body) as { results: { score: number }[] };
        return (results[0]?.score ?? 0) > 0;
      },
      5,
    );
    times.push(performance.now() - started);
  }
  say(
    `store to searchable, one message, idle stack, a new user each: p50 ${ms(quantile(times, 0.5))} p99 ${ms(quantile(times, 0.99))}`,
  );
  api.close();
}

async function eventsPerMessage(stack: BenchStack): Promise<void> {
  const api = new JsonClient(stack.url, 16);
  const user = `spaced-${randomUUID()}`;
  const spaced = Array.from({ length: SPACED_CONVERSATIONS }, (_, k) => `spaced-${k}`);
  await Promise.all(
    spaced.map(async (conversation) => {
      for (let i = 0; i < SPACED_MESSAGES; i += 1) {
        const due = performance.now() + 1_000;
        await api.post('/v1/orchestrator/message', {
          conversation_id: conversation,
          role: i % 2 ? 'assistant' : 'user',
          content: turnText(i),
          metadata: { user_id: user },
        });
        await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
      }
    }),
  );
  const bulk = Array.from({ length: SPACED_CONVERSATIONS }, (_, k) => `bulk-${k}`);
  for (const conversation of bulk) {
    const messages = Array.from({ length: 20 }, (_, k) => ({ role: 'user', content: turnText(k) }));
    await api.post(`/v1/conversations/${conversation}/messages`, { user_id: user, messages });
  }
  await settle(stack);
  const config = loadConfig(stack.env);
  const { client, close } = createTemporalClient({
    address: config.TEMPORAL_ADDRESS,
    namespace: config.TEMPORAL_NAMESPACE,
  });
  const events = async (conversationId: string): Promise<number> => {
    const workflowId = conversationWorkflowId({ namespace: config.NAMESPACE, userId: user, conversationId });
    return (await client.workflow.getHandle(workflowId).describe()).historyLength;
  };
  const perSpaced = (await Promise.all(spaced.map(events))).map((n) => n / SPACED_MESSAGES);
  const perBulk = (await Promise.all(bulk.map(events))).map((n) => n / 20);
  say(
    `history events a message: ${Math.max(...perSpaced).toFixed(2)} for ${SPACED_MESSAGES} messages a second apart, ${Math.max(...perBulk).toFixed(2)} for 20 in one request (the worst of ${SPACED_CONVERSATIONS} each)`,
  );
  await close();
  api.close();
}

async function startBareRoute(stack: BenchStack): Promise<{ url: string; stop(): void }> {
  const port = await freePort();
  const env = { ...stack.env, PORT: String(port) };
  const child = spawn(process.execPath, [resolve(__dirname, 'bare-route.js')], { env, stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await poll('the bare route is up', DEADLINE_MS, async () => (await fetch(`${url}/insert`)).status === 404);
  return { url, stop: () => void child.kill('SIGKILL') };
}

function expectNoFailures(label: string, result: LoadResult): void {
  if (result.failures > 0) throw new Error(`${label}: ${result.failures} requests failed`);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
