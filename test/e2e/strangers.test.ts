import { apiClient, type ApiAnswer, type ApiClient } from '../support/api-client';
import { runCli } from '../support/cli';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

const TAKES_EFFECT_DEADLINE_MS = 8_000;
const CALL_DEADLINE_MS = 10_000;
/** A stream of events would never end by itself. */
const STREAM_MS = 1_500;
const SECRET = 'zanzibar';

/** Routes that name no user and show nothing of one; who may call them is walked in keys.test. */
const OF_NOBODY = [
  'GET /health',
  'GET /health/full',
  'GET /metrics',
  'GET /v1/ping/',
  'POST /v1/maintenance',
];
/** What of a whole namespace is shown as far as the key is for it. */
const OF_SEVERAL = ['GET /v1/imports', 'POST /v1/imports', 'GET /v1/entities/'];

let record: OwnRecord;
let running: ApiProcess;
let api: ApiClient;
const keys: Record<string, string> = {};
/** Bob's, in the namespace one. */
let memoryId: string;
let importId: string;
let eventId: string;

beforeAll(async () => {
  record = await createOwnRecord();
  const env = ownEnvironment({
    EMBEDDER: 'none',
    NAMESPACE: 'one',
    DATABASE_URL: record.url,
    STORE_WAIT_MS: '1',
  });
  running = await startReadyApi({ env });
  api = apiClient(running.url);
  await makeKey('owner', '--namespace', 'one', '--scope', 'admin');
  await makeKey('annOnly', '--namespace', 'one', '--scope', 'admin', '--user', 'ann');
  await makeKey('two', '--namespace', 'two', '--scope', 'admin');
  await poll('keys are asked for', TAKES_EFFECT_DEADLINE_MS, async () => {
    return (await api.get('/v1/retrieve?user_id=nobody')).status === 401;
  });
  const said = { role: 'user', content: `My password is ${SECRET}.` };
  await api.post('/v1/conversations/chat/messages', { user_id: 'bob', messages: [said] }, as('owner'));
  const memory = { user_id: 'bob', content: `Keeps ${SECRET} secret.` };
  memoryId = (await api.post('/v1/memories/direct', memory, as('owner'))).body.id;
  const line = JSON.stringify({ ...said, user_id: 'bob', conversation_id: 'old' });
  const json = { 'Content-Type': 'application/x-ndjson', ...as('owner') };
  importId = (await api.post('/v1/imports', line, json)).body.import_id;
  eventId = Buffer.from(JSON.stringify(['bob', 'chat', [[1, 1]]])).toString('base64url');
}, 60_000);
afterAll(async () => {
  await running?.stop();
  await record?.drop();
}, 30_000);

async function makeKey(name: string, ...options: string[]): Promise<void> {
  const { stdout } = await runCli(['keys', 'create', '--json', ...options], '', { DATABASE_URL: record.url });
  keys[name] = (JSON.parse(stdout) as { key: string }).key;
}
const as = (name: string): Record<string, string> => ({ Authorization: `Bearer ${keys[name]}` });

interface Attempt {
  /** As the document names it. */
  route: string;
  path: string;
  body?: unknown;
}

/** A request on every route that could show or change something of Bob's; those that would end him come last. */
function attempts(): Attempt[] {
  const turn = { role: 'user', content: 'Hello.' };
  const conversation = '/v1/conversations/{conversation_id}';
  const to = (route: string, path: string, body?: unknown): Attempt => ({ route, path, body });
  const batch = { memories: [{ memory_id: memoryId, text: 'Mine.' }] };
  return [
    // Before what a key of another namespace makes of a Bob of its own, which nobody indexes here.
    to('DELETE /v1/memories/', '/v1/memories/?user_id=bob'),
    to('GET /v1/retrieve', '/v1/retrieve?user_id=bob'),
    to('POST /v1/retrieve', '/v1/retrieve', { user_id: 'bob' }),
    to('POST /v1/store', '/v1/store', { user_id: 'bob', history: [turn] }),
    to('POST /v1/orchestrator/message', '/v1/orchestrator/message', {
      ...turn,
      conversation_id: 'chat',
      metadata: { user_id: 'bob' },
    }),
    to('POST /v1/orchestrator/message', '/v1/orchestrator/message', { ...turn, conversation_id: 'bob' }),
    to('POST /v1/orchestrator/transcript', '/v1/orchestrator/transcript', {
      user_id: 'bob',
      history: [turn],
    }),
    to('POST /v1/orchestrator/retrieve', '/v1/orchestrator/retrieve', {
      conversation_id: 'chat',
      query: 'password',
      metadata: { user_id: 'bob' },
    }),
    to(`GET ${conversation}`, '/v1/conversations/chat?user_id=bob'),
    to(`GET ${conversation}/messages`, '/v1/conversations/chat/messages?user_id=bob'),
    to(`POST ${conversation}/messages`, '/v1/conversations/chat/messages', {
      user_id: 'bob',
      messages: [turn],
    }),
    to(`GET ${conversation}/injections`, '/v1/conversations/chat/injections?user_id=bob'),
    to(`PUT ${conversation}/policy`, '/v1/conversations/chat/policy?user_id=bob', {
      retrieval: { min_similarity: 0.9 },
    }),
    to(`POST ${conversation}/flush`, '/v1/conversations/chat/flush?user_id=bob'),
    to(`POST ${conversation}/retry`, '/v1/conversations/chat/retry?user_id=bob'),
    to('GET /v1/users/{user_id}/conversations', '/v1/users/bob/conversations'),
    to('GET /v1/users/{user_id}/summaries', '/v1/users/bob/summaries'),
    to('GET /v1/users/{user_id}/persona', '/v1/users/bob/persona'),
    to('GET /v1/users/{user_id}/export', '/v1/users/bob/export'),
    to('POST /v1/context', '/v1/context', { user_id: 'bob', query: 'password' }),
    to('POST /v1/narrative', '/v1/narrative', { user_id: 'bob' }),
    to('POST /v1/memories/direct', '/v1/memories/direct', { user_id: 'bob', content: 'Hello.' }),
    to('GET /v1/memories/{memory_id}', `/v1/memories/${memoryId}?user_id=bob`),
    to('PATCH /v1/memories/{memory_id}', `/v1/memories/${memoryId}?user_id=bob`, { content: 'Mine.' }),
    to('DELETE /v1/memories/{memory_id}', `/v1/memories/${memoryId}?user_id=bob`),
    to('GET /v1/imports', '/v1/imports'),
    to('POST /v1/imports', '/v1/imports', JSON.stringify({ ...turn, user_id: 'bob', conversation_id: 'c' })),
    to('GET /v1/imports/{import_id}', `/v1/imports/${importId}`),
    to('GET /v1/imports/{import_id}/rejections', `/v1/imports/${importId}/rejections`),
    ...['pause', 'resume', 'cancel'].map((verb) =>
      to(`POST /v1/imports/{import_id}/${verb}`, `/v1/imports/${importId}/${verb}`),
    ),
    to('GET /v1/reindex', '/v1/reindex?user_id=bob'),
    to('POST /v1/reindex', '/v1/reindex', { user_id: 'bob' }),
    to('POST /v3/memories/add/', '/v3/memories/add/', { user_id: 'bob', messages: [turn] }),
    to('POST /v3/memories/search/', '/v3/memories/search/', {
      query: 'password',
      filters: { user_id: 'bob' },
    }),
    to('POST /v3/memories/', '/v3/memories/', { filters: { user_id: 'bob' } }),
    to('GET /v1/event/{event_id}/', `/v1/event/${eventId}/`),
    to('GET /v1/entities/', '/v1/entities/'),
    to('GET /v1/memories/{memory_id}/', `/v1/memories/${memoryId}/`),
    to('GET /v1/memories/{memory_id}/history/', `/v1/memories/${memoryId}/history/`),
    to('PUT /v1/memories/{memory_id}/', `/v1/memories/${memoryId}/`, { text: 'Mine.' }),
    to('DELETE /v1/memories/{memory_id}/', `/v1/memories/${memoryId}/`),
    to('PUT /v1/batch/', '/v1/batch/', batch),
    to('DELETE /v1/batch/', '/v1/batch/', { memories: [{ memory_id: memoryId }] }),
    to('DELETE /v1/entities/{entity_type}/{entity_id}/', '/v1/entities/user/bob/'),
    to('DELETE /v2/entities/{entity_type}/{entity_id}/', '/v2/entities/user/bob/'),
    to('DELETE /v1/users/{user_id}', '/v1/users/bob'),
  ];
}

/** Asks as the holder of a key. @returns all that came back, of a stream what came in a while */
async function ask({ route, path, body }: Attempt, key: string): Promise<{ status: number; heard: string }> {
  const [method] = route.split(' ');
  const type = route === 'POST /v1/imports' ? 'application/x-ndjson' : 'application/json';
  const response = await fetch(running.url + path, {
    method: method!,
    headers: { ...as(key), ...(body === undefined ? {} : { 'Content-Type': type }) },
    signal: AbortSignal.timeout(route.endsWith('/injections') ? STREAM_MS : CALL_DEADLINE_MS),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  let heard = JSON.stringify([...response.headers]);
  try {
    for await (const chunk of response.body ?? []) heard += Buffer.from(chunk as Uint8Array).toString();
  } catch (thrown) {
    if ((thrown as Error).name !== 'TimeoutError') throw thrown;
  }
  return { status: response.status, heard };
}

/** All there is of Bob, as its owner sees it. */
async function bobs(): Promise<unknown> {
  const see = async (path: string): Promise<ApiAnswer['body']> => {
    const { status, body } = await api.get(path, as('owner'));
    expect({ path, status }).toEqual({ path, status: 200 });
    return body;
  };
  const {
    rate_per_second: _,
    seconds_left: __,
    waiting_for: ___,
    ...view
  } = await see(`/v1/imports/${importId}`);
  return [
    (await see('/v1/users/bob/export')).replace(/"exported_at":"[^"]*"/, ''),
    await see('/v1/conversations/chat?user_id=bob'),
    view,
  ];
}

it('every route of the document is among the attempts, or shows nothing of a user', async () => {
  const { body } = await api.get('/openapi.json');
  const routes = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const tried = new Set(attempts().map(({ route }) => route));
  expect(routes.filter((route) => !tried.has(route)).sort()).toEqual([...OF_NOBODY].sort());
  expect([...tried].filter((route) => !routes.includes(route))).toEqual([]);
  console.log(`${tried.size} of ${routes.length} routes are tried by strangers`);
});

it('a key for another user hears 403 or 404 on each of them, and changes nothing', async () => {
  const before = await bobs();
  expect(JSON.stringify(before)).toContain(SECRET);
  for (const attempt of attempts()) {
    const { status, heard } = await ask(attempt, 'annOnly');
    const { route } = attempt;
    const refused = status === 403 || status === 404;
    expect({ route, status, refused }).toEqual({ route, status, refused: !OF_SEVERAL.includes(route) });
    expect({ route, tells: heard.includes(SECRET) || heard.includes('"bob"') }).toEqual({
      route,
      tells: false,
    });
    if (OF_SEVERAL.includes(route))
      expect({ route, tells: heard.includes(importId) }).toEqual({ route, tells: false });
  }
  expect(await bobs()).toEqual(before);
}, 60_000);

it('a key of another namespace sees nothing of this one, and changes nothing, whatever ids it uses', async () => {
  const before = await bobs();
  for (const attempt of attempts()) {
    const { status, heard } = await ask(attempt, 'two');
    const { route } = attempt;
    expect({ route, status, well: status < 500 }).toEqual({ route, status, well: true });
    expect({ route, tells: heard.includes(SECRET) }).toEqual({ route, tells: false });
    if (/\{(memory|import)_id\}|batch/.test(route)) expect({ route, status }).toEqual({ route, status: 404 });
  }
  expect(await bobs()).toEqual(before);
}, 60_000);
