import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import {
  MODEL_FAILURES,
  isTelling,
  startStubLanguageModel,
  type StubLanguageModel,
} from '../support/stub-language-model';

const CONVERSATIONS = 5;
const MESSAGES_EACH = 60;
const WINDOW_MESSAGES = 20;
const WINDOWS = (CONVERSATIONS * MESSAGES_EACH) / WINDOW_MESSAGES;
const FAILING_SHARE = 0.3;
const UPGRADED_WITHIN_MS = 120_000;
const STUBBORN = 'My patience is stubborn.';

/** A record of its own: this stack sweeps. */
const database = `llm_${randomUUID().replace(/-/g, '')}`;
const databaseUrl = new URL(process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories');
const ownUrl = new URL(databaseUrl);
ownUrl.pathname = `/${database}`;

let stub: StubLanguageModel;
let stack: Stack;
let api: ApiClient;
let pool: ReturnType<typeof createPool>;

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: databaseUrl.toString() });
  await admin.connect();
  await admin.query(statement).finally(() => admin.end());
}

beforeAll(async () => {
  stub = await startStubLanguageModel();
  await asAdmin(`CREATE DATABASE ${database}`);
  stack = await startStack({
    env: {
      DATABASE_URL: ownUrl.toString(),
      STORE_WAIT_MS: '20000',
      SWEEP_INTERVAL_MS: '1000',
      LLM_URL: stub.url,
      LLM_MODEL: 'stub',
      LLM_TIMEOUT_MS: '800',
      LLM_TAIL_AFTER_MS: '600000',
      LLM_RETRY_DEGRADED_MS: '2000',
      LLM_SUMMARIES_AFTER_MS: '1000',
      EPISODE_MAX_MESSAGES: String(WINDOW_MESSAGES),
      EPISODE_PAUSE_MS: '3000',
    },
  });
  api = apiClient(stack.url);
  pool = createPool({ url: ownUrl.toString(), size: 2, onError: () => undefined });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
  await asAdmin(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await stub?.close();
}, 60_000);
beforeEach(() => {
  stub.failure = () => null;
  stub.persona = null;
  stub.prompts.length = 0;
  stub.answered.length = 0;
});

const turns = (first: string, count = 20) =>
  Array.from({ length: count }, (_, i) => ({ role: 'user', content: i === 0 ? first : `Small talk ${i}.` }));
const store = async (userId: string, conversationId: string, first: string) =>
  (
    await api.post('/v1/store', {
      user_id: userId,
      conversation_id: conversationId,
      history: turns(first),
    })
  ).body;
const facts = async (userId: string) =>
  (await api.get(`/v1/retrieve?user_id=${userId}&layer=semantic&limit=100`)).body.results as {
    id: string;
    content: string;
    source_message_ids: string[];
  }[];

it('is told of on the health page', async () => {
  expect((await api.get('/health/full')).body.checks.llm).toEqual({ status: 'ok', detail: 'stub' });
});

it('facts are read, said again they are known, and what is newer takes their place', async () => {
  expect(await store('ruth', 'a', 'My cat is Tom.')).toMatchObject({
    updates_made: 0,
    existing_memories_checked: 0,
  });
  const [tom] = await facts('ruth');
  expect(tom).toMatchObject({ content: 'The cat of the user is Tom.', layer: 'semantic' });
  expect(tom!.source_message_ids).toHaveLength(1);
  expect(await store('ruth', 'b', 'My cat is Tom.')).toMatchObject({
    updates_made: 0,
    existing_memories_checked: 1,
    duplicates_avoided: 1,
  });
  expect(await store('ruth', 'c', 'My cat is Felix.')).toMatchObject({
    updates_made: 1,
    existing_memories_checked: 1,
  });
  expect((await facts('ruth')).map((fact) => fact.content)).toEqual(['The cat of the user is Felix.']);
  expect((await api.get(`/v1/memories/${tom!.id}?user_id=ruth`)).status).toBe(404);
  // It leaves recall, and keeps its history.
  const superseded = await pool.query(
    `SELECT old.content, old.deleted_at, new.content AS by, new.metadata ->> 'supersedes' AS supersedes
       FROM memories old JOIN memories new ON new.user_id = old.user_id AND new.id = old.superseded_by
      WHERE old.user_id = 'ruth' AND old.id = $1`,
    [tom!.id],
  );
  expect(superseded.rows).toEqual([
    {
      content: 'The cat of the user is Tom.',
      deleted_at: null,
      by: 'The cat of the user is Felix.',
      supersedes: tom!.id,
    },
  ]);
  const found = await poll('the fact is found', 20_000, async () => {
    const answer = await api.get('/v1/retrieve?user_id=ruth&limit=30&query=Which+cat+does+the+user+have');
    return JSON.stringify(answer.body.results).includes('The cat of the user is Felix.') && answer;
  });
  expect(stub.prompts.filter((prompt) => !isTelling(prompt))).toHaveLength(3);

  // Deleted, a message takes with it what was read from it.
  const said = found.body.results.find((one: { content: string }) => one.content.includes('My cat is Felix'));
  await api.send('DELETE', `/v1/memories/${said.id}?user_id=ruth`);
  expect(await facts('ruth')).toEqual([]);
});

it('where the product is unsure of a memory’s personas the same call says them; what was forced or set by hand stays', async () => {
  stub.persona = 'work';
  const unsure = (prompt: string) => /^Unsure, .*$/m.exec(prompt)?.[0] ?? '';
  const history = [
    { role: 'user', content: 'I wonder whether I should do that.', message_id: 'vague' },
    { role: 'user', content: 'I wonder whether I should do that.', message_id: 'by-hand' },
    ...turns('My cat is Tom.', 18),
  ];
  const body = { user_id: 'tess', conversation_id: 'a', history: history.slice(0, 10) };
  await api.post('/v1/store', body);
  const memories = async () =>
    (await api.get('/v1/retrieve?user_id=tess&limit=100&layer=short-term')).body.results as {
      id: string;
      content: string;
      persona_tags: string[];
      source_message_ids: string[];
    }[];
  const { id } = (await memories()).find((one) => one.source_message_ids.includes('by-hand'))!;
  await api.send('PATCH', `/v1/memories/${id}?user_id=tess`, { persona_tags: ['health'] });
  await api.post('/v1/store', {
    ...body,
    history: history.slice(10),
    persona_context: { forced_persona: 'strategist' },
  });
  await poll(
    'the window is read',
    30_000,
    async () => stub.answered.length === 1 && (await facts('tess')).length === 1,
  );
  expect(unsure(stub.prompts[0]!)).toMatch(/^Unsure, of (?:\w+, )*work(?:, \w+)*: U1 M1$/);
  const tagged = await poll('memories are tagged', 30_000, async () => {
    const all = await memories();
    return all.some((one) => one.persona_tags[0] === 'work') && all;
  });
  const tagsOf = (message: string) =>
    tagged.find((one) => one.source_message_ids.includes(message))!.persona_tags;
  expect(tagsOf('vague')).toEqual(['work']);
  expect(tagsOf('by-hand')).toEqual(['health']);
  const forced = tagged.filter((one) => one.persona_tags[0] === 'strategist');
  expect(forced.length).toBeGreaterThan(0);
  const asked = unsure(stub.prompts[0]!).match(/U\d+/g)!.length;
  const { evidence } = (await api.get('/v1/users/tess/persona')).body as {
    evidence: { persona: string; by_language_model: number }[];
  };
  expect(evidence.find((one) => one.persona === 'work')!.by_language_model).toBe(asked);
  expect(evidence.filter((one) => one.persona !== 'work').every((one) => one.by_language_model === 0)).toBe(
    true,
  );
  expect(stub.prompts.filter((prompt) => !isTelling(prompt))).toHaveLength(1);
});

it('whatever way the model fails in, all is indexed, what is missing is said, and it is read and told once it answers', async () => {
  const caseOf = (failure: string): string => `My case is ${failure.replace('-', '_')}.`;
  const userOf = (failure: string): string => `fails-${failure}`;
  stub.failure = (prompt) => MODEL_FAILURES.find((failure) => prompt.includes(caseOf(failure))) ?? null;
  const stored = await Promise.all(
    MODEL_FAILURES.map((failure) => store(userOf(failure), 'a', caseOf(failure))),
  );
  for (const body of stored) {
    expect(body.degraded).toEqual(['extraction']);
    expect(body.memories_created).toBeGreaterThan(0);
    expect(body.memories.length).toBe(body.memories_created);
  }
  const degradedOf = async (failure: string) =>
    (await api.get(`/v1/conversations/a?user_id=${userOf(failure)}`)).body.degraded;
  const summariesOf = async (failure: string) =>
    (await api.get(`/v1/users/${userOf(failure)}/summaries?tier=episodic`)).body.summaries as {
      text: string;
      degraded?: boolean;
    }[];
  for (const failure of MODEL_FAILURES) {
    await poll(`${failure}: the window is left for later`, UPGRADED_WITHIN_MS, async () => {
      const summaries = await summariesOf(failure);
      return (await degradedOf(failure))?.[0] === 'extraction' && summaries.some((one) => one.degraded);
    });
    const asked = stub.prompts.filter((prompt) => !isTelling(prompt) && prompt.includes(caseOf(failure)));
    expect(asked.length).toBeGreaterThan(1);
    expect(await facts(userOf(failure))).toEqual([]);
    const found = await api.get(`/v1/retrieve?user_id=${userOf(failure)}&limit=100`);
    expect(JSON.stringify(found.body.results)).toContain(caseOf(failure));
  }
  stub.failure = () => null;
  for (const failure of MODEL_FAILURES) {
    await poll(`${failure}: it is read and told later`, UPGRADED_WITHIN_MS, async () => {
      const summaries = await summariesOf(failure);
      return (
        (await degradedOf(failure)) === undefined &&
        summaries.length > 0 &&
        summaries.every((one) => !one.degraded && one.text.includes('It was said: '))
      );
    });
    expect((await facts(userOf(failure))).map((fact) => fact.content)).toEqual([
      `The case of the user is ${failure.replace('-', '_')}.`,
    ]);
    const answered = stub.answered.filter((prompt) => !isTelling(prompt) && prompt.includes(caseOf(failure)));
    expect(answered).toHaveLength(1);
  }
}, 270_000);

it('300 messages through a model that fails three times in ten: all indexed, read and told, none paid for twice', async () => {
  let random = 1;
  const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
  let stubbornFor = 5;
  stub.failure = (prompt) => {
    // Refused where facts are read: summaries of the same talk must not use the refusals up.
    if (!isTelling(prompt) && prompt.includes(STUBBORN) && stubbornFor > 0) {
      stubbornFor -= 1;
      return 'refuse';
    }
    return next() < FAILING_SHARE ? MODEL_FAILURES[Math.floor(next() * MODEL_FAILURES.length)]! : null;
  };
  for (let c = 0; c < CONVERSATIONS; c += 1) {
    const messages = Array.from({ length: MESSAGES_EACH }, (_, i) => ({
      role: 'user',
      content:
        i % 20 === 3 ? `My thing${c}x${i} is here.` : c === 0 && i === 1 ? STUBBORN : `Small talk ${c} ${i}.`,
    }));
    const answer = await api.post(`/v1/conversations/c${c}/messages`, {
      user_id: 'sven',
      messages,
      flush: true,
    });
    expect(answer.status).toBe(202);
  }
  await poll('all is indexed', 60_000, async () => {
    const left = await pool.query(
      `SELECT 1 FROM conversations WHERE user_id = 'sven' AND indexed_through <> ${MESSAGES_EACH}`,
    );
    return left.rowCount === 0;
  });
  let everDegraded = false;
  await poll('all windows are read', UPGRADED_WITHIN_MS, async () => {
    const { rows } = await pool.query<{ status: string; count: number }>(
      `SELECT status, count(*) FROM extraction_windows WHERE user_id = 'sven' GROUP BY status`,
    );
    everDegraded ||= rows.some((row) => row.status === 'degraded');
    return rows.length === 1 && rows[0]!.status === 'done' && rows[0]!.count === WINDOWS;
  });
  expect(everDegraded).toBe(true);
  await poll(
    'all episodes have ended and are told, and so are the long lines',
    UPGRADED_WITHIN_MS,
    async () => {
      const { rows } = await pool.query<{ tier: string; method: string; count: number }>(
        `SELECT tier, method, count(*) FROM summaries WHERE user_id = 'sven' GROUP BY tier, method ORDER BY tier`,
      );
      const episodes = await pool.query<{ ended: boolean; count: number }>(
        `SELECT ended_by IS NOT NULL AS ended, count(*) FROM episodes WHERE user_id = 'sven' GROUP BY 1`,
      );
      if (episodes.rows.length !== 1 || !episodes.rows[0]!.ended) return false;
      const [arcs, episodic, ...others] = rows;
      if (others.length > 0 || arcs?.tier !== 'arc' || episodic?.count !== episodes.rows[0]!.count)
        return false;
      return rows.every((row) => row.method === 'told-1:stub');
    },
  );
  // Each window and each episode was answered once, however often it was asked.
  const windows = stub.answered
    .filter((prompt) => !isTelling(prompt))
    .map((prompt) => prompt.slice(prompt.indexOf('Messages:')));
  const talks = stub.answered.filter((prompt) => isTelling(prompt) && prompt.includes(': a talk,'));
  for (let c = 0; c < CONVERSATIONS; c += 1)
    for (const i of [3, 23, 43])
      expect(talks.filter((prompt) => prompt.includes(`My thing${c}x${i} is here.`))).toHaveLength(1);
  expect(new Set(windows).size).toBe(WINDOWS);
  expect(windows).toHaveLength(WINDOWS);
  expect(stub.prompts.length).toBeGreaterThan(WINDOWS);
  expect(await facts('sven')).toHaveLength(WINDOWS + 1);
  const held = await pool.query('SELECT count(*) FROM model_results');
  expect(held.rows).toEqual([{ count: 0 }]);
}, 270_000);
