import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { apiClient, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { ownEnvironment, startApi, startReadyApi, type ApiProcess } from '../support/stack';

/** A look at a key counts for two seconds. */
const TAKES_EFFECT_DEADLINE_MS = 8_000;
const JSON_LINES = { 'Content-Type': 'application/x-ndjson' };

let record: OwnRecord;
let running: ApiProcess;
let api: ApiClient;
let env: Record<string, string>;
const keys: Record<string, { id: string; key: string }> = {};

beforeAll(async () => {
  record = await createOwnRecord();
  env = { ...ownEnvironment({ EMBEDDER: 'none' }), DATABASE_URL: record.url, NAMESPACE: 'one' };
  running = await startReadyApi({ env });
  api = apiClient(running.url);
}, 60_000);
afterAll(async () => {
  await running?.stop();
  await record?.drop();
}, 30_000);

async function cli(...args: string[]): Promise<string> {
  const main = resolve('dist/src/cli/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'keys', ...args], {
    env: { ...process.env, DATABASE_URL: record.url },
  });
  return stdout;
}

async function makeKey(...options: string[]): Promise<{ id: string; key: string }> {
  return JSON.parse(await cli('create', '--json', ...options)) as { id: string; key: string };
}

const bearer = (name: string) => ({ Authorization: `Bearer ${keys[name]!.key}` });
const message = (user: string) => ({ role: 'user', content: `The ferry of ${user} leaves at noon.` });
const append = (name: string, user: string, conversation = 'chat'): Promise<ApiAnswer> =>
  api.post(
    `/v1/conversations/${conversation}/messages`,
    { user_id: user, messages: [message(user)] },
    bearer(name),
  );

interface Operation {
  security?: object[];
  'x-scope'?: string;
}

/** Every route of the document, with ids of nobody in its path. */
async function walk(): Promise<{ method: string; path: string; target: string; operation: Operation }[]> {
  const { body } = await api.get('/openapi.json');
  return Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      target: path.replace(/\{(\w+)\}/g, '7b1f9a52-0000-4000-8000-000000000000'),
      operation,
    })),
  );
}

it('nobody needs a key on loopback until one is made; then everybody does, at once in every process', async () => {
  expect((await api.get('/v1/retrieve?user_id=ann')).status).toBe(200);
  // Whatever is sent is no key yet.
  expect((await api.get('/v1/retrieve?user_id=ann', { 'X-API-Key': 'any' })).status).toBe(200);
  keys['one'] = await makeKey('--namespace', 'one', '--name', 'backend');
  await poll('a key is needed', TAKES_EFFECT_DEADLINE_MS, async () => {
    return (await api.get('/v1/retrieve?user_id=ann')).status === 401;
  });
  const answer = await api.get('/v1/retrieve?user_id=ann');
  expectProblem(answer, 401);
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
  expect((await api.get('/v1/retrieve?user_id=ann', bearer('one'))).status).toBe(200);
  expect((await api.get('/v1/retrieve?user_id=ann', { 'X-API-Key': keys['one'].key })).status).toBe(200);
  keys['two'] = await makeKey('--namespace', 'two', '--scope', 'admin');
  keys['reader'] = await makeKey('--namespace', 'one', '--scope', 'read');
  keys['admin'] = await makeKey('--namespace', 'one', '--scope', 'admin');
  keys['annOnly'] = await makeKey('--namespace', 'one', '--scope', 'admin', '--user', 'ann');
});

it('every route has a decision on who may call it, and keeps to it', async () => {
  const routes = await walk();
  console.log(`${routes.length} routes walked`);
  expect(routes.length).toBeGreaterThan(15);
  for (const { method, path, target, operation } of routes) {
    expect({ path, decided: operation.security !== undefined }).toEqual({ path, decided: true });
    const { status, headers } = await api.send(method, target, method === 'GET' ? undefined : {});
    if (operation.security!.length === 0)
      expect({ path, open: status !== 401 }).toEqual({ path, open: true });
    else {
      expect({ method, path, status }).toEqual({ method, path, status: 401 });
      expect(headers.get('www-authenticate')).toContain('Bearer');
      const wrong = await api.send(method, target, undefined, {
        Authorization: `Bearer ${keys['one']!.key.slice(0, -1)}x`,
      });
      expect({ method, path, status: wrong.status }).toEqual({ method, path, status: 401 });
      if (operation['x-scope'] === 'read') continue;
      const reader = await api.send(method, target, method === 'GET' ? undefined : {}, bearer('reader'));
      expect({ method, path, status: reader.status }).toEqual({ method, path, status: 403 });
      expectProblem(reader, 403);
    }
  }
  const open = routes.filter(({ operation }) => operation.security!.length === 0).map(({ path }) => path);
  expect(open.sort()).toEqual(['/health', '/health/full']);
});

it('whoever may write does not erase users or rule over all of them', async () => {
  for (const [method, target] of [
    ['DELETE', '/v1/users/ann'],
    ['DELETE', '/v2/entities/user/ann/'],
    ['DELETE', '/v1/entities/user/ann/'],
    ['POST', '/v1/reindex'],
    ['POST', '/v1/maintenance'],
    ['GET', '/metrics'],
  ] as const) {
    const answer = await api.send(method, target, method === 'POST' ? {} : undefined, bearer('one'));
    expect({ target, status: answer.status }).toEqual({ target, status: 403 });
  }
  expect((await api.send('DELETE', '/v1/users/nobody', undefined, bearer('admin'))).status).toBe(202);
});

it('a key sees its own namespace alone, whatever ids it uses', async () => {
  expect((await append('one', 'ann')).status).toBe(202);
  const lines = JSON.stringify({ user_id: 'ann', conversation_id: 'old', role: 'user', content: 'Hello.' });
  const imported = await api.post('/v1/imports', lines, { ...JSON_LINES, ...bearer('one') });
  expect(imported.status).toBe(202);
  const { status_url: importUrl } = imported.body;
  expect((await api.get(importUrl, bearer('one'))).status).toBe(200);

  const conversation = '/v1/conversations/chat?user_id=ann';
  expect((await api.get(conversation, bearer('one'))).body.appended_through).toBe(1);
  expect((await api.get(conversation, bearer('two'))).body.appended_through).toBe(0);
  expect((await api.get('/v1/users/ann/conversations', bearer('two'))).body.conversations).toEqual([]);
  expect((await api.post('/v1/conversations/chat/retry?user_id=ann', {}, bearer('two'))).status).toBe(404);
  expect((await api.get(importUrl, bearer('two'))).status).toBe(404);
  expect((await api.get(`${importUrl}/rejections`, bearer('two'))).status).toBe(404);
  expect((await api.post(`${importUrl}/cancel`, undefined, bearer('two'))).status).toBe(404);
  expect((await api.get('/v1/imports', bearer('two'))).body.imports).toEqual([]);
});

it('a key that is limited to a user is for that user alone, by each of the names a user has', async () => {
  expect((await append('annOnly', 'ann')).status).toBe(202);
  expectProblem(await append('annOnly', 'bob'), 403);
  const turn = { role: 'user', content: 'Hello.' };
  const own = { ...turn, conversation_id: 'c', metadata: { user_id: 'ann' } };
  expect((await api.post('/v1/orchestrator/message', own, bearer('annOnly'))).status).toBe(200);
});

it('mem0’s routes take the key as a Token, and a memory’s id alone shows nothing of another user', async () => {
  const token = (name: string) => ({ Authorization: `Token ${keys[name]!.key}` });
  const memory = { user_id: 'bob', infer: false, messages: [message('bob')] };
  expectProblem(await api.post('/v3/memories/add/', memory, token('reader')), 403);
  const added = await api.post('/v3/memories/add/', memory, token('one'));
  const own = `/v1/memories/${added.body.results[0].id}/`;
  expect((await api.get(own, token('one'))).body.user_id).toBe('bob');
  for (const stranger of ['annOnly', 'two']) {
    expectProblem(await api.get(own, token(stranger)), 404);
    expectProblem(await api.get(`${own}history/`, token(stranger)), 404);
    expectProblem(await api.send('PUT', own, { text: 'Mine.' }, token(stranger)), 404);
    expectProblem(await api.send('DELETE', own, undefined, token(stranger)), 404);
    const batch = { memories: [{ memory_id: added.body.results[0].id, text: 'Mine.' }] };
    expectProblem(await api.send('PUT', '/v1/batch/', batch, token(stranger)), 404);
    expectProblem(await api.send('DELETE', '/v1/batch/', batch, token(stranger)), 404);
    const { results } = (await api.get('/v1/entities/', token(stranger))).body;
    expect(results.map((one: { name: string }) => one.name)).not.toContain('bob');
  }
  expect((await api.get(own, token('one'))).status).toBe(200);
  expect((await api.get('/v1/ping/', token('one'))).body).toMatchObject({ status: 'ok', org_id: 'one' });
  // Ours know no such scheme.
  expectProblem(await api.get('/v1/retrieve?user_id=ann', token('one')), 401);
});

it('imports of a limited key: other users’ lines are rejected, others’ imports are not there', async () => {
  const lines = ['ann', 'bob']
    .map((user) => JSON.stringify({ user_id: user, conversation_id: 'i', role: 'user', content: 'Hi.' }))
    .join('\n');
  const everybodys = await api.post('/v1/imports', lines, { ...JSON_LINES, ...bearer('one') });
  const own = await api.post('/v1/imports', `${lines}\n`, { ...JSON_LINES, ...bearer('annOnly') });
  expect(own.body).toMatchObject({ messages: 2, duplicates: 1, rejected: 1 });
  expect((await api.get(own.body.status_url, bearer('annOnly'))).status).toBe(200);
  const rejections = await api.get(`${own.body.status_url}/rejections`, bearer('annOnly'));
  expect(JSON.stringify(rejections.body)).toContain('this key is not for this user');
  expect((await api.get(everybodys.body.status_url, bearer('annOnly'))).status).toBe(404);
  expect((await api.post(`${everybodys.body.status_url}/pause`, undefined, bearer('annOnly'))).status).toBe(
    404,
  );
  const listed = await api.get('/v1/imports', bearer('annOnly'));
  expect(listed.body.imports.map((one: { import_id: string }) => one.import_id)).toEqual([
    own.body.import_id,
  ]);
});

it('a kept answer of one limited key is not another’s', async () => {
  keys['bobOnly'] = await makeKey('--namespace', 'one', '--user', 'bob');
  const body = { user_id: 'ann', history: [message('ann')] };
  const once = { 'Idempotency-Key': 'kept' };
  const first = await api.post('/v1/store', body, { ...bearer('annOnly'), ...once });
  expect([200, 202]).toContain(first.status);
  expect((await api.post('/v1/store', body, { ...bearer('bobOnly'), ...once })).status).toBe(403);
});

it('keys are listed without their secrets, and one that was revoked is refused', async () => {
  const listed = await cli('list', '--json');
  expect(JSON.parse(listed)).toHaveLength(6);
  for (const { key } of Object.values(keys))
    expect(listed).not.toContain(key.slice('am_0123456789abcdef_'.length));
  await cli('revoke', keys['reader']!.id);
  await poll('the key is refused', TAKES_EFFECT_DEADLINE_MS, async () => {
    return (await api.get('/v1/retrieve?user_id=ann', bearer('reader'))).status === 401;
  });
  expect((await api.get('/v1/retrieve?user_id=ann', bearer('one'))).status).toBe(200);
});

it('binding beyond loopback takes a key; there it is needed, and details of the health are for its holders', async () => {
  const empty = await createOwnRecord();
  try {
    const open = { ...env, HOST: '0.0.0.0', DATABASE_URL: empty.url };
    await expect(startApi({ env: open })).rejects.toThrow(/refusing to bind to 0\.0\.0\.0 without keys/);
    const outside = await startApi({ env: { ...open, DATABASE_URL: record.url } });
    try {
      const there = apiClient(outside.url.replace('0.0.0.0', '127.0.0.1'));
      await poll('keys are asked for', TAKES_EFFECT_DEADLINE_MS, async () => {
        return (await there.get('/v1/retrieve?user_id=ann')).status === 401;
      });
      const shown = (await there.get('/health/full')).body.checks;
      expect(shown.postgres).toEqual({ status: 'ok' });
      expect(JSON.stringify(shown)).not.toContain('detail');
      const detailed = (await there.get('/health/full', bearer('one'))).body.checks;
      expect(JSON.stringify(detailed)).toContain('detail');
    } finally {
      await outside.stop();
    }
  } finally {
    await empty.drop();
  }
});
