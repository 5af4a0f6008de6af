import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import {
  MADE_UP,
  MODEL_FAILURES,
  isNarrating,
  startStubLanguageModel,
  type StubLanguageModel,
} from '../support/stub-language-model';

const WITHIN_MS = 20_000;
const CALLS_A_DAY = 40;
const LIMITED_FOR_SECONDS = 600;
/** Less than the slow stub takes, more than a busy machine does. */
const NARRATIVE_TIMEOUT_MS = 2_000;
const THINKS_MS = 1_000;

let stub: StubLanguageModel;
let stack: Stack;
let api: ApiClient;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  stub = await startStubLanguageModel();
  stack = await startStack({
    env: {
      EMBEDDER: 'none',
      STORE_WAIT_MS: '20000',
      LLM_URL: stub.url,
      LLM_MODEL: 'stub',
      LLM_NARRATIVE_TIMEOUT_MS: String(NARRATIVE_TIMEOUT_MS),
      LLM_TAIL_AFTER_MS: '600000',
      LLM_CALLS_PER_USER_AND_DAY: String(CALLS_A_DAY),
    },
  });
  api = apiClient(stack.url);
  pool = createPool({
    url: process.env['DATABASE_URL']!,
    size: 2,
    onError: () => undefined,
  });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
  await stub?.close();
}, 60_000);
beforeEach(() => {
  stub.failure = () => null;
  stub.latencyMs = 0;
  stub.prompts.length = 0;
});

const SAID = [
  'I bought a blue canoe for 350 euros in March.',
  'My sister Marta broke her left arm at the climbing gym.',
  'Our landlord wants to sell the house in Lisbon.',
];

/** Of each what a summary says as well. */
const TOLD = ['a blue canoe for 350 euros', 'broke her left arm', 'to sell the house in Lisbon'];

async function says(user: string, contents: readonly string[] = SAID): Promise<void> {
  const history = contents.map((content) => ({ role: 'user', content }));
  const { status } = await api.post('/v1/store', { user_id: user, conversation_id: 'chat', history });
  expect(status).toBe(200);
  // Made behind the answer: what a narrative is told from stays the same from here on.
  await poll('what was said is summarized', WITHIN_MS, async () => {
    const { summaries } = (await api.get(`/v1/users/${user}/summaries`)).body as {
      summaries: { freshness: number }[];
    };
    return summaries.length > 0 && summaries.every((one) => one.freshness === 1);
  });
}
interface Narrative {
  narrative: string;
  summary: string;
  sources: { statement: string; source_ids: string[] }[];
  degraded?: string[];
}
const narrative = async (user: string, query?: string): Promise<Narrative> => {
  const { status, body } = await api.post('/v1/narrative', { user_id: user, ...(query ? { query } : {}) });
  expect(status).toBe(200);
  return body;
};
const asked = (): number => stub.prompts.filter(isNarrating).length;
const rawMemories = async (user: string): Promise<{ id: string; content: string }[]> =>
  (await api.get(`/v1/retrieve?user_id=${user}&limit=100`)).body.results;

it('a narrative is told by the model, each statement with the memories it rests on, and what rests on nothing is dropped', async () => {
  await says('ada');
  const told = await narrative('ada', 'What happened to Marta?');
  expect(told.degraded).toBeUndefined();
  expect(told.narrative).toBe(told.sources.map((one) => one.statement).join(' '));
  expect(told.narrative).toMatch(/^It was said: /);
  expect(told.narrative).toContain('Marta broke her left arm');
  expect(told.narrative).not.toContain(MADE_UP);
  expect(told.narrative).not.toContain('Again.');
  const contents = new Map((await rawMemories('ada')).map((memory) => [memory.id, memory.content]));
  for (const { statement, source_ids: ids } of told.sources)
    expect(
      TOLD.some((words) => statement.includes(words) && ids.some((id) => contents.get(id)!.includes(words))),
    ).toBe(true);

  const { body } = await api.post('/v1/retrieve', {
    user_id: 'ada',
    query: 'What happened to Marta?',
    granularity: 'raw',
    include_narrative: true,
    explain: true,
  });
  expect(body.degraded).toBeUndefined();
  expect(body.results.narrative).toMatch(/^It was said: /);
  expect(body.results.memories).toHaveLength(3);
  expect(body.explainability.source_links).toHaveLength(3);
  const metrics = await (await fetch(`${stack.url}/metrics`)).text();
  expect(metrics).toMatch(/agentic_memories_language_model_seconds_count\{outcome="ok"\} 2/);
  expect(metrics).toMatch(/agentic_memories_language_model_tokens_total\{direction="input"\} 2/);
});

it('the same question about the same memories is paid for once, a new one or a new memory anew', async () => {
  await says('ben');
  const first = await narrative('ben', 'canoe');
  const [again, atOnce] = await Promise.all([narrative('ben', 'canoe'), narrative('ben', 'canoe')]);
  expect([again, atOnce]).toEqual([first, first]);
  expect(asked()).toBe(1);
  await Promise.all([narrative('ben', 'house'), narrative('ben', 'house')]);
  expect(asked()).toBe(2);
  await says('ben', ['I sold the canoe again.']);
  await narrative('ben', 'canoe');
  expect(asked()).toBe(3);
  expect(stub.prompts.at(-1)).toContain('sold the canoe again');
});

it('nothing is asked where there is nothing to tell, or no narrative is wanted', async () => {
  expect(await narrative('nobody')).toMatchObject({ narrative: '', sources: [] });
  await says('cleo');
  const { body } = await api.post('/v1/retrieve', { user_id: 'cleo', query: 'canoe' });
  expect(body.results.narrative).toBeNull();
  expect(asked()).toBe(0);
});

it.each(MODEL_FAILURES)(
  '%s: it is told without the model, which is said, and later with it',
  async (failure) => {
    const user = `fails-${failure}`;
    await says(user);
    stub.failure = () => failure;
    const without = await narrative(user, 'canoe');
    expect(without.degraded).toEqual(['narrative']);
    expect(without.narrative).toContain('canoe for 350 euros');
    expect(without.narrative).not.toContain('It was said');
    expect(without.sources.length).toBeGreaterThan(0);
    const { body } = await api.post('/v1/retrieve', {
      user_id: user,
      query: 'canoe',
      include_narrative: true,
    });
    expect(body.degraded).toEqual(['narrative']);
    expect(body.results.narrative).toContain('canoe');
    stub.failure = () => null;
    await poll('the model is asked again', WITHIN_MS, async () => !(await narrative(user, 'canoe')).degraded);
  },
);

it('when the calls of the day are spent it is told without the model', async () => {
  await says('emil');
  await pool.query(
    `INSERT INTO model_spending (namespace, user_id, day, calls)
     VALUES ($1, 'emil', (clock_timestamp() AT TIME ZONE 'UTC')::date, $2)`,
    [stack.namespace, CALLS_A_DAY - 1],
  );
  expect((await narrative('emil', 'canoe')).degraded).toBeUndefined();
  const spent = await narrative('emil', 'house');
  expect(spent.degraded).toEqual(['narrative']);
  expect(spent.narrative).toContain('house in Lisbon');
  expect(asked()).toBe(1);
  // What was paid for before is still there.
  expect((await narrative('emil', 'canoe')).degraded).toBeUndefined();
});

it('what is deleted while the model thinks is not told, and nothing of it is kept', async () => {
  await says('finn');
  const marta = (await rawMemories('finn')).find((memory) => memory.content.includes('Marta'))!;
  stub.latencyMs = THINKS_MS;
  const telling = api.post('/v1/retrieve', {
    user_id: 'finn',
    query: 'What happened to Marta?',
    include_narrative: true,
  });
  await poll('the model thinks', WITHIN_MS, async () => asked() === 1, 10);
  expect((await api.send('DELETE', `/v1/memories/${marta.id}?user_id=finn`)).status).toBeLessThan(300);
  const { body } = await telling;
  expect(JSON.stringify(body)).not.toContain('Marta');
  const { rows } = await pool.query(
    `SELECT result::text AS told FROM model_results WHERE namespace = $1 AND user_id = 'finn'`,
    [stack.namespace],
  );
  expect(JSON.stringify(rows)).not.toContain('Marta');
  stub.latencyMs = 0;
  expect((await narrative('finn', 'What happened to Marta?')).narrative).not.toContain('arm');
});

it('who is erased while the model thinks is told nothing of', async () => {
  await says('gus');
  stub.latencyMs = THINKS_MS;
  const telling = api.post('/v1/narrative', { user_id: 'gus', query: 'canoe' });
  await poll('the model thinks', WITHIN_MS, async () => asked() === 1, 10);
  expect((await api.send('DELETE', '/v1/users/gus')).status).toBe(202);
  const { status, body } = await telling;
  expect(status).toBe(200);
  expect(body).toEqual({ user_id: 'gus', narrative: '', summary: '', sources: [] });
});

// The last one: the API leaves the service alone from here on.
it('a service that asks for time is left alone for as long', async () => {
  await says('dora');
  stub.failure = () => 'limit';
  stub.retryAfterSeconds = LIMITED_FOR_SECONDS;
  expect((await narrative('dora', 'canoe')).degraded).toEqual(['narrative']);
  expect(asked()).toBe(1);
  stub.failure = () => null;
  expect((await narrative('dora', 'canoe')).degraded).toEqual(['narrative']);
  expect(asked()).toBe(1);
});
