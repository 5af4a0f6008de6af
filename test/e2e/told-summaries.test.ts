import { createPool } from '../../src/record/pool';
import { MAX_TELLING_PROMPT_CHARS } from '../../src/domain/telling';
import { apiClient, type ApiClient } from '../support/api-client';
import { importEnded, ndjson, sendImport } from '../support/import-client';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, startWorker, type Stack, type StackProcess } from '../support/stack';
import {
  MADE_UP,
  isTelling,
  startStubLanguageModel,
  type StubLanguageModel,
} from '../support/stub-language-model';

const MESSAGES = 1_000;
const A_REQUEST = 100;
const MOST_CALLS = 80;
/** A killed worker's activities are missed after a minute. */
const SETTLED_WITHIN_MS = 180_000;
const THINKS_MS = 1_500;
const DAY_MS = 86_400_000;
const PLACES = ['harbour', 'violin', 'orchard', 'glacier', 'lantern', 'museum', 'bakery'];

/** A record of its own: this stack sweeps. */
let record: OwnRecord;
let stub: StubLanguageModel;
let stack: Stack;
let worker: StackProcess;
let api: ApiClient;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  stub = await startStubLanguageModel();
  record = await createOwnRecord();
  const env = {
    DATABASE_URL: record.url,
    SWEEP_INTERVAL_MS: '1000',
    EMBEDDER: 'none',
    LLM_URL: stub.url,
    LLM_MODEL: 'stub',
    LLM_RETRY_DEGRADED_MS: '2000',
  };
  stack = await startStack({ env });
  worker = stack.worker;
  api = apiClient(stack.url);
  pool = createPool({ url: record.url, size: 2, onError: () => undefined });
}, 120_000);
afterAll(async () => {
  if (worker !== stack?.worker) await worker.stop();
  await stack?.stop();
  await pool?.end();
  await record?.drop();
  await stub?.close();
}, 60_000);
beforeEach(() => {
  stub.latencyMs = 0;
  stub.prompts.length = 0;
});

const contentOf = (i: number): string =>
  `I saw the ${PLACES[i % PLACES.length]} number ${i} with my sister, and paid ${i} euros.`;

async function chat(user: string): Promise<void> {
  for (let from = 0; from < MESSAGES; from += A_REQUEST) {
    const messages = Array.from({ length: A_REQUEST }, (_, i) => ({
      role: 'user',
      content: contentOf(from + i),
    }));
    const { status } = await api.post('/v1/conversations/chat/messages', { user_id: user, messages });
    expect(status).toBe(202);
  }
}

interface Row {
  tier: string;
  persona: string | null;
  method: string;
  degraded: boolean;
  sentences: { text: string; source_ids: string[] }[];
  messages: number | null;
}
const summariesOf = async (user: string): Promise<Row[]> =>
  (
    await pool.query<Row>(
      `SELECT tier, persona, method, degraded, sentences, last_seq - first_seq + 1 AS messages FROM summaries
        WHERE user_id = $1 ORDER BY tier, first_seq, persona`,
      [user],
    )
  ).rows;

/** Waits until everything is indexed, read and cut, and what is left to be told is too little for a call. */
async function settled(user: string): Promise<Row[]> {
  return poll('all is read and told', SETTLED_WITHIN_MS, async () => {
    const { rows } = await pool.query<{ behind: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM conversations WHERE user_id = $1 AND indexed_through <> appended_through)
           OR EXISTS (SELECT 1 FROM extraction_windows WHERE user_id = $1 AND status <> 'done' AND reason IS NOT NULL)
           OR EXISTS (SELECT 1 FROM episodes WHERE user_id = $1 AND stale_since IS NOT NULL)
           OR EXISTS (SELECT 1 FROM tier_marks WHERE user_id = $1)
           OR EXISTS (SELECT 1 FROM model_results WHERE user_id = $1) AS behind`,
      [user],
    );
    const summaries = await summariesOf(user);
    const waits = summaries.filter((one) => one.degraded);
    const messages = waits.reduce((sum, one) => sum + (one.messages ?? 0), 0);
    return !rows[0]!.behind && messages < MOST_CALLS && !waits.some((one) => one.tier === 'arc') && summaries;
  });
}

/** How often each raw memory is in an episode, and each episode in a summary. */
async function timesHeld(user: string): Promise<{ memories: number[]; episodes: number[] }> {
  const times = async (sql: string): Promise<number[]> =>
    (await pool.query<{ times: number }>(sql, [user])).rows.map((row) => row.times);
  return {
    memories: await times(
      `SELECT DISTINCT (SELECT count(*) FROM episodes e WHERE e.user_id = m.user_id AND e.conversation_id = m.conversation_id
          AND e.first_seq <= m.first_seq AND e.last_seq >= m.last_seq)::int AS times
         FROM memories m WHERE user_id = $1 AND tier = 'raw'`,
    ),
    episodes: await times(
      `SELECT DISTINCT (SELECT count(*) FROM summaries s WHERE s.user_id = e.user_id AND s.conversation_id = e.conversation_id
          AND s.first_seq <= e.last_seq AND s.last_seq >= e.first_seq)::int AS times
         FROM episodes e WHERE user_id = $1`,
    ),
  };
}

async function killWhileTelling(): Promise<void> {
  await poll('the model tells', SETTLED_WITHIN_MS, async () => stub.prompts.some(isTelling));
  worker.kill('SIGKILL');
  await worker.ended;
  worker = await startWorker({ env: stack.env });
}

const told = (rows: readonly Row[]) =>
  rows.filter((row) => row.tier === 'episodic' && !row.degraded && row.method === 'told-1:stub');

it('1,000 messages of a chat are read and told with at most 80 calls, and every sentence rests on what was said', async () => {
  await chat('vera');
  const summaries = await settled('vera');
  expect(told(summaries)).toHaveLength(12);
  expect(stub.prompts.filter(isTelling).length).toBeGreaterThan(1);
  expect(stub.prompts.length).toBeGreaterThan(MESSAGES / 20);
  expect(stub.prompts.length).toBeLessThanOrEqual(MOST_CALLS);
  expect(Math.max(...stub.prompts.map((prompt) => prompt.length))).toBeLessThanOrEqual(
    MAX_TELLING_PROMPT_CHARS,
  );
  const arcs = summaries.filter((row) => row.tier === 'arc');
  expect(arcs.length).toBeGreaterThan(0);
  expect(arcs.every((arc) => arc.method === 'told-1:stub')).toBe(true);

  const shown = (await api.get('/v1/users/vera/summaries')).body.summaries as { text: string }[];
  expect(shown.some((one) => one.text.includes('It was said: I saw the harbour number 0'))).toBe(true);
  expect(JSON.stringify(shown)).not.toContain(MADE_UP);
  const { rows } = await pool.query<{ id: string; content: string }>(
    `SELECT id, content FROM memories WHERE user_id = 'vera' AND tier = 'raw'`,
  );
  const contents = new Map(rows.map((row) => [row.id, row.content]));
  for (const {
    text,
    source_ids: [id],
  } of told(summaries).flatMap((row) => row.sentences))
    expect(contents.get(id!)).toContain(text.replace('It was said: ', ''));
}, 400_000);

it('a worker that dies while the model tells leaves the same summaries, and none twice', async () => {
  stub.latencyMs = THINKS_MS;
  await chat('wim');
  await killWhileTelling();
  stub.latencyMs = 0;
  const summaries = await settled('wim');
  const texts = (rows: readonly Row[]) => told(rows).map((row) => row.sentences.map((one) => one.text));
  expect(texts(summaries)).toEqual(texts(await summariesOf('vera')));
  expect(await timesHeld('wim')).toEqual({ memories: [1], episodes: [1] });
  const personas = summaries.filter((row) => row.tier === 'arc').map((row) => row.persona);
  expect(new Set(personas).size).toBe(personas.length);
}, 400_000);

it('an import of years, through a crash: every memory in one ended episode, its summaries told', async () => {
  stub.latencyMs = THINKS_MS;
  const lines = Array.from({ length: 400 }, (_, i) => ({
    user_id: 'xena',
    conversation_id: `c${i % 2}`,
    role: 'user',
    content: contentOf(i),
    // Twenty a day, every third day.
    timestamp: new Date(
      Date.parse('2019-01-01T09:00:00Z') + 3 * DAY_MS * Math.floor(i / 20) + i * 1_000,
    ).toISOString(),
  }));
  const { body } = await sendImport(stack.url, ndjson(lines));
  await killWhileTelling();
  stub.latencyMs = 0;
  await importEnded(stack.url, body.import_id);
  const summaries = await settled('xena');
  expect(await timesHeld('xena')).toEqual({ memories: [1], episodes: [1] });
  const { rows } = await pool.query<{ ended_by: string | null; episodes: number }>(
    `SELECT ended_by, count(*)::int AS episodes FROM episodes WHERE user_id = 'xena' GROUP BY ended_by`,
  );
  expect(rows).toEqual([{ ended_by: 'pause', episodes: 40 }]);
  expect(told(summaries).length).toBeGreaterThan(30);
}, 400_000);

it('a long line that was told stands while little comes, says how much of it is new, and is told again with it', async () => {
  const day = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      user_id: 'yara',
      conversation_id: 'chat',
      role: 'user',
      content: contentOf(from + i),
      // Twenty a day.
      timestamp: new Date(
        Date.parse('2021-03-01T09:00:00Z') + DAY_MS * Math.floor((from + i) / 20) + (from + i) * 1_000,
      ).toISOString(),
    }));
  const imported = async (from: number, count: number): Promise<void> => {
    const { body } = await sendImport(stack.url, ndjson(day(from, count)));
    await importEnded(stack.url, body.import_id);
  };
  const arcs = async () =>
    (await api.get('/v1/users/yara/summaries?tier=arc')).body.summaries as {
      text: string;
      freshness: number;
      source_ids: string[];
    }[];
  const methods = async () =>
    (await summariesOf('yara')).filter((row) => row.tier === 'arc').map((row) => row.method);
  await imported(0, 100);
  await settled('yara');
  const before = await arcs();
  expect(before.length).toBeGreaterThan(0);
  expect(before.map((arc) => arc.freshness)).toEqual(before.map(() => 1));

  await imported(100, 20);
  const behind = await poll('the new episode is behind the long lines', SETTLED_WITHIN_MS, async () => {
    const waiting = (await summariesOf('yara')).some((row) => row.tier === 'arc' && row.degraded);
    return waiting && (await arcs());
  });
  expect(await methods()).toEqual(before.map(() => 'told-1:stub'));
  expect(behind.map((arc) => arc.text)).toEqual(before.map((arc) => arc.text));
  expect(Math.min(...behind.map((arc) => arc.freshness))).toBeCloseTo(5 / 6);

  await imported(120, 80);
  await settled('yara');
  expect(await methods()).toEqual(before.map(() => 'told-1:stub'));
  const after = await arcs();
  expect(after.map((arc) => arc.freshness)).toEqual(after.map(() => 1));
  expect(Math.max(...after.map((arc) => arc.source_ids.length))).toBe(10);
}, 400_000);
