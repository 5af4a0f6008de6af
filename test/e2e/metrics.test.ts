import { readFileSync } from 'node:fs';
import path from 'node:path';
import { apiClient, type ApiClient } from '../support/api-client';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { ownEnvironment, startApi, startStack, type Stack } from '../support/stack';

const ROOT = path.resolve(__dirname, '../..');
const DEADLINE_MS = 20_000;

let stack: Stack;
let api: ApiClient;
let workerUrl: string;
beforeAll(async () => {
  const port = await freePort();
  workerUrl = `http://127.0.0.1:${port}`;
  stack = await startStack({
    env: { STORE_WAIT_MS: '20000', WORKER_METRICS_PORT: String(port), EMBEDDER: 'none' },
  });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

/** The value of the samples of this name whose labels contain all of these, added up. */
function valueOf(text: string, name: string, ...labels: string[]): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
const ofApi = async (): Promise<string> => (await api.get('/metrics')).body;
const ofWorker = async (): Promise<string> => (await fetch(`${workerUrl}/metrics`)).text();

it('counts what is accepted, pending, injected, searched and worked on', async () => {
  const answer = await api.get('/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  const user = `metrics-${stack.namespace}`;
  const stored = await api.post('/v1/store', {
    user_id: user,
    conversation_id: 'a',
    history: [{ role: 'user', content: 'My cello lesson is on Tuesday.' }],
  });
  expect(stored.status).toBe(200);
  const turn = {
    conversation_id: 'b',
    role: 'user',
    content: 'When is my cello lesson?',
    message_id: 'm1',
    metadata: { user_id: user },
  };
  expect((await api.post('/v1/orchestrator/message', turn)).body.injections).toHaveLength(1);
  expect((await api.post('/v1/orchestrator/message', turn)).body.duplicate).toBe(true);

  const after = await ofApi();
  expect(valueOf(after, 'agentic_memories_messages_accepted_total', 'via="append"')).toBe(1);
  expect(valueOf(after, 'agentic_memories_messages_accepted_total', 'via="stream"')).toBe(1);
  expect(valueOf(after, 'agentic_memories_messages_duplicate_total', 'via="stream"')).toBe(1);
  expect(valueOf(after, 'agentic_memories_injections_total')).toBe(1);
  expect(valueOf(after, 'agentic_memories_record_up')).toBe(1);
  const store = ['route="/v1/store"', 'status="200"'];
  expect(valueOf(after, 'agentic_memories_http_request_seconds_count', ...store)).toBe(1);
  expect(
    valueOf(after, 'agentic_memories_index_seconds_count', 'operation="search"', 'outcome="ok"'),
  ).toBeGreaterThan(0);
  expect(after).not.toContain(user);

  const worked = await ofWorker();
  const ingest = ['activity="ingestBatches"'];
  expect(
    valueOf(worked, 'agentic_memories_activity_seconds_count', ...ingest, 'outcome="ok"'),
  ).toBeGreaterThan(0);
  expect(
    valueOf(worked, 'agentic_memories_activity_schedule_to_start_seconds_count', ...ingest),
  ).toBeGreaterThan(0);
  expect(valueOf(worked, 'agentic_memories_index_seconds_count', 'operation="upsert"')).toBeGreaterThan(0);
});

const WAITED_SECONDS = 3;

it('says what waits and how long, a few seconds late at most', async () => {
  await api.send('PUT', '/v1/conversations/slow/policy?user_id=metrics-waits', {
    ingestion: { low_volume_batch_size: 50, flush_interval_seconds: 600 },
  });
  await api.post('/v1/conversations/slow/messages', {
    user_id: 'metrics-waits',
    messages: [{ role: 'user', content: 'I wait.' }],
  });
  await poll('the message is seen to wait', DEADLINE_MS, async () => {
    const text = await ofApi();
    return (
      // Other tests' messages come and go in the same record; none of them waits for so long.
      valueOf(text, 'agentic_memories_pending_messages', 'phase="buffering"') > 0 &&
      valueOf(text, 'agentic_memories_oldest_pending_age_seconds', 'phase="buffering"') > WAITED_SECONDS
    );
  });
  await api.post('/v1/conversations/slow/flush?user_id=metrics-waits');
});

it('answers while the record is away, and says so', async () => {
  const away = await startApi({
    env: ownEnvironment({ DATABASE_URL: 'postgres://postgres@127.0.0.1:9/none', EMBEDDER: 'none' }),
  });
  try {
    const { status, body } = await apiClient(away.url).get('/metrics');
    expect(status).toBe(200);
    expect(valueOf(body, 'agentic_memories_record_up')).toBe(0);
    expect(body).toContain('# TYPE agentic_memories_record_up gauge');
  } finally {
    await away.stop();
  }
});

it.each(['ops/prometheus-alerts.yml', 'ops/grafana-dashboard.json'])(
  '%s names only what there is',
  async (file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const named = new Set(text.match(/agentic_memories_[a-z0-9_]+/g));
    expect(named.size).toBeGreaterThan(10);
    const shown = `${await ofApi()}\n${await ofWorker()}`;
    const known = new Set(Array.from(shown.matchAll(/^# TYPE (\S+)/gm), (match) => match[1]!));
    const unknown = [...named].filter(
      (name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, '')),
    );
    expect(unknown).toEqual([]);
  },
);

it('every alert is in the runbook', () => {
  const alerts = readFileSync(path.join(ROOT, 'ops/prometheus-alerts.yml'), 'utf8').match(
    /(?<=alert: )\w+/g,
  )!;
  const runbook = readFileSync(path.join(ROOT, 'docs/runbook.md'), 'utf8');
  expect(alerts.filter((alert) => !runbook.includes(`## ${alert}`))).toEqual([]);
});
