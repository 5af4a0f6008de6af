import { apiClient, type ApiClient } from '../support/api-client';
import { importEnded, sendImport } from '../support/import-client';
import { startReadyApi, startStack, type ApiProcess, type Stack } from '../support/stack';

const USER = 'édith piaf/1';
let stack: Stack;
let elsewhere: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  elsewhere = await startReadyApi({ env: { ...stack.env, NAMESPACE: `${stack.namespace}-b` } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await Promise.all([stack?.stop(), elsewhere?.stop()]);
}, 60_000);

const query = `user_id=${encodeURIComponent(USER)}`;

async function exported(url: string): Promise<{ text: string; lines: Record<string, unknown>[] }> {
  const response = await fetch(`${url}/v1/users/${encodeURIComponent(USER)}/export`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
  const text = await response.text();
  const lines = text.split('\n').filter((line) => line !== '');
  return { text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** What memories say and of which messages they are made; ids differ with the namespace. */
async function memories(url: string): Promise<unknown[]> {
  const { body } = await apiClient(url).get(`/v1/retrieve?${query}&sort=oldest&limit=1000`);
  return (body.results as Record<string, unknown>[])
    .filter((one) => one['layer'] === 'short-term')
    .map(({ content, created_at, metadata, source_message_ids }) => ({
      content,
      created_at,
      metadata,
      source_message_ids,
    }));
}

it('gives all of a user as lines, which make the same memories elsewhere', async () => {
  const messages = Array.from({ length: 23 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `Line ${i + 1} of the song,\nwith a second one`,
    message_id: `m${i + 1}`,
    ...(i % 3 ? {} : { name: 'Edith' }),
    ...(i % 5 ? {} : { metadata: { verse: i } }),
    timestamp: new Date(Date.UTC(2024, 0, 1, 0, 0, i)).toISOString(),
  }));
  for (const conversation of ['a', 'b'])
    await api.post(`/v1/conversations/${conversation}/messages`, { user_id: USER, messages });
  for (const conversation of ['a', 'b']) await api.post(`/v1/conversations/${conversation}/flush?${query}`);
  await api.send('PUT', `/v1/conversations/b/policy?${query}`, { ingestion: { flush_interval_seconds: 12 } });
  const fact = await api.post('/v1/memories/direct', { user_id: USER, content: 'Regrets nothing.' });
  expect(fact.status).toBe(201);
  // What has no time of its own is given that of its arrival.
  await api.post('/v1/store', {
    user_id: USER,
    conversation_id: 'c',
    history: [{ role: 'user', content: 'now' }],
  });

  const { text, lines } = await exported(stack.url);
  expect(lines[0]).toMatchObject({ type: 'user', user_id: USER, format: 1 });
  const kinds = lines.map((line) => line['type']);
  expect(kinds.filter((kind) => kind === 'message')).toHaveLength(47);
  expect(kinds.filter((kind) => kind === 'conversation')).toHaveLength(3);
  expect(lines.find((line) => line['conversation_id'] === 'b')).toMatchObject({
    type: 'conversation',
    policy: { ingestion: { flush_interval_seconds: 12 }, retrieval: {} },
  });
  const { id, content, importance } = fact.body as Record<string, unknown>;
  expect(lines.find((line) => line['type'] === 'memory')).toMatchObject({
    tier: 'fact',
    memory: { id, content, importance },
  });
  const ofA = lines.filter((line) => line['type'] === 'message' && line['conversation_id'] === 'a');
  expect(ofA.map(({ type: _, user_id: __, conversation_id: ___, ...message }) => message)).toEqual(messages);

  const sent = await sendImport(elsewhere.url, text);
  expect(sent).toMatchObject({ status: 202, body: { lines: 47, accepted: 47, rejected: 0, duplicates: 0 } });
  expect((await importEnded(elsewhere.url, sent.body.import_id)).status).toBe('completed');
  const before = await memories(stack.url);
  expect(before.length).toBeGreaterThan(20);
  expect(await memories(elsewhere.url)).toEqual(before);
  // Where it came from it changes nothing.
  const again = await sendImport(stack.url, text);
  expect(again.body).toMatchObject({ lines: 47, accepted: 0, duplicates: 47, rejected: 0 });
}, 90_000);

it('leaves out what was deleted', async () => {
  const stored = await api.post('/v1/store', {
    user_id: USER,
    conversation_id: 'secret',
    history: [
      { role: 'user', content: 'pomegranate' },
      { role: 'user', content: 'plain' },
    ],
  });
  await api.send('DELETE', `/v1/memories/${stored.body.ids[0]}?${query}`);
  const { lines } = await exported(stack.url);
  const ofSecret = lines.filter((line) => line['conversation_id'] === 'secret' && line['type'] === 'message');
  expect(ofSecret.map((line) => line['content'])).toEqual(['plain']);
});

it('of somebody unknown has no lines', async () => {
  const response = await fetch(`${stack.url}/v1/users/nobody/export`);
  expect({ status: response.status, text: await response.text() }).toEqual({ status: 200, text: '' });
});
