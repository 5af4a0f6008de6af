import { apiClient, type ApiClient } from '../support/api-client';
import { importEnded, rejectionsOf, sendImport } from '../support/import-client';
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
  const written = { layer: 'semantic', type: 'explicit', importance: 0.3, persona_tags: ['identity'] };
  const fact = await api.post('/v1/memories/direct', {
    user_id: USER,
    content: 'Regrets nothing.',
    ...written,
    metadata: { sung: true },
    event_timestamp: '2023-12-24T10:00:00Z',
  });
  expect(fact.status).toBe(201);
  const passing = { user_id: USER, content: 'Is on stage tonight.', ttl_seconds: 3_600 };
  const expiring = await api.post('/v1/memories/direct', passing);
  expect(expiring.status).toBe(201);
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
  const ofMemories = lines.filter((line) => line['type'] === 'memory');
  expect(ofMemories).toContainEqual(
    expect.objectContaining({ tier: 'fact', memory: expect.objectContaining({ id, content, importance }) }),
  );
  const ofA = lines.filter((line) => line['type'] === 'message' && line['conversation_id'] === 'a');
  expect(ofA.map(({ type: _, user_id: __, conversation_id: ___, ...message }) => message)).toEqual(messages);

  const sent = await sendImport(elsewhere.url, text);
  expect(sent).toMatchObject({ status: 202, body: { lines: 47, accepted: 47, rejected: 0, duplicates: 0 } });
  expect((await importEnded(elsewhere.url, sent.body.import_id)).status).toBe('completed');
  const before = await memories(stack.url);
  expect(before.length).toBeGreaterThan(20);
  expect(await memories(elsewhere.url)).toEqual(before);
  const carried = await apiClient(elsewhere.url).get(`/v1/memories/${String(id)}?${query}`);
  const { stored_at: _, ...same } = fact.body as Record<string, unknown>;
  expect(carried).toMatchObject({ status: 200, body: same });
  const asked = await apiClient(elsewhere.url).get(`/v1/retrieve?${query}&query=who+regrets+nothing`);
  expect(asked.body.results[0]).toMatchObject({ id });
  // It still expires when it would have.
  const theirs = (await exported(elsewhere.url)).lines.filter((line) => line['type'] === 'memory');
  const ends = (all: Record<string, unknown>[]): number =>
    Date.parse(String(all.find((line) => 'expires_at' in line)?.['expires_at']));
  expect(Math.abs(ends(theirs) - ends(ofMemories))).toBeLessThan(2_000);
  // Where it came from it changes nothing.
  const again = await sendImport(stack.url, text);
  expect(again.body).toMatchObject({ lines: 47, accepted: 0, duplicates: 47, rejected: 0 });
}, 90_000);

it('says what is wrong with a memory, and does not bring back one that was deleted or has expired', async () => {
  const line = (memory: object, more: object = {}): object => ({
    type: 'memory',
    user_id: 'grace',
    tier: 'fact',
    memory,
    ...more,
  });
  const gone = await api.post('/v1/memories/direct', { user_id: 'grace', content: 'Forget me.' });
  await api.send('DELETE', `/v1/memories/${gone.body.id}?user_id=grace`);
  const lines = [
    line({ id: 'not-one', content: ' ', importance: 7 }),
    line({ id: gone.body.id, content: 'Forget me.' }),
    line(
      { id: '8b1f7c34-5a0e-4f0e-9a3b-0c8f3f6f2d11', content: 'Is over.' },
      { expires_at: '2020-01-01T00:00:00Z' },
    ),
    { type: 'memory', user_id: 'grace', tier: 'raw', memory: { content: 'made of messages' } },
  ];
  const sent = await sendImport(stack.url, lines.map((one) => JSON.stringify(one)).join('\n'));
  expect(sent).toMatchObject({ status: 202, body: { rejected: 1, accepted: 0 } });
  expect(await rejectionsOf(stack.url, sent.body.import_id)).toEqual([
    { line: 1, reason: expect.stringMatching(/memory\.content.*memory\.importance.*memory\.id/) },
  ]);
  expect((await api.get('/v1/retrieve?user_id=grace')).body.pagination.total).toBe(0);
});

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
