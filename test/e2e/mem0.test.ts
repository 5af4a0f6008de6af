import type { MemoryClient as Mem0Client } from 'mem0ai';
import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { startStack, type Stack } from '../support/stack';

/** mem0's own client, as its users have it, pointed here. */
let mem0: Mem0Client;
let stack: Stack;
let api: ApiClient;

interface Added {
  status: string;
  eventId: string;
  results: { id: string; event: string; memory: string }[];
}

beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
  process.env['MEM0_TELEMETRY'] = 'false';
  const { MemoryClient } = await import('mem0ai');
  mem0 = new MemoryClient({ apiKey: 'm0-any', host: stack.url });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const said = (content: string, role: 'user' | 'assistant' = 'user') => ({ role, content });
const add = async (...args: Parameters<Mem0Client['add']>): Promise<Added> =>
  (await mem0.add(...args)) as unknown as Added;
const messagesOf = async (userId: string, conversationId = userId): Promise<number> =>
  (await api.get(`/v1/conversations/${conversationId}?user_id=${userId}`)).body.appended_through as number;
const refusal = (call: Promise<unknown>): Promise<{ name: string; message: string; errorCode: string }> =>
  call.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: { name: string; message: string; errorCode: string }) => error,
  );

it('mem0’s tour: add, search, get, getAll, update, history, delete', async () => {
  await expect(mem0.ping()).resolves.toBeUndefined();
  const talk = [
    said('I moved to Austin last month and I am allergic to peanuts.'),
    said('Noted! Welcome to Austin.', 'assistant'),
  ];
  const added = await add(talk, {
    userId: 'alice',
    agentId: 'tutor',
    runId: 'run-1',
    metadata: { topic: 'home' },
    timestamp: 1_715_162_400,
  });
  expect(added.status).toBe('SUCCEEDED');
  expect(added.results.map((one) => one.event)).toEqual(added.results.map(() => 'ADD'));
  const moved = added.results.find((one) => one.memory.includes('Austin last month'))!;

  const { results } = await mem0.search('What am I allergic to?', { filters: { user_id: 'alice' } });
  expect(results[0]).toMatchObject({
    id: moved.id,
    memory: expect.stringContaining('allergic to peanuts'),
    userId: 'alice',
    agentId: 'tutor',
    runId: 'run-1',
    metadata: { topic: 'home' },
    createdAt: '2024-05-08T10:00:00.000Z',
  });
  expect(results[0]!.score).toBeGreaterThan(0.3);
  expect((await mem0.search('Which foods?', { filters: { user_id: 'nobody' } })).results).toEqual([]);
  expect(
    (await mem0.search('Which foods?', { filters: { user_id: 'alice' }, threshold: 1 })).results,
  ).toEqual([]);

  expect(await mem0.get(moved.id)).toMatchObject({ id: moved.id, memory: moved.memory });
  const all = await mem0.getAll({ filters: { AND: [{ user_id: 'alice' }, { run_id: 'run-1' }] } });
  expect(all).toMatchObject({ count: added.results.length, next: null, previous: null });

  const updated = await mem0.update(moved.id, { text: 'Lives in Dallas.', metadata: { topic: 'moved' } });
  expect(updated).toMatchObject({ id: moved.id, memory: 'Lives in Dallas.', metadata: { topic: 'moved' } });
  const found = await mem0.search('Where does she live? Dallas?', { filters: { user_id: 'alice' }, topK: 1 });
  expect(found.results).toMatchObject([{ id: moved.id, memory: 'Lives in Dallas.' }]);
  const history = await mem0.history(moved.id);
  expect(history).toMatchObject([
    { memoryId: moved.id, event: 'ADD', oldMemory: null, newMemory: moved.memory, userId: 'alice' },
    { memoryId: moved.id, event: 'UPDATE', oldMemory: moved.memory, newMemory: 'Lives in Dallas.' },
  ]);
  expect(history[0]!.input[0]).toEqual(talk[0]);

  expect(await mem0.delete(moved.id)).toEqual({ message: expect.stringContaining('deleted') });
  expect(await refusal(mem0.get(moved.id))).toMatchObject({ name: 'MemoryNotFoundError' });
  const left = await mem0.search('Dallas', { filters: { user_id: 'alice' } });
  expect(left.results.map((one) => one.id)).not.toContain(moved.id);
});

it('what is sent again is stored once, a growing history too; what was deleted can be said anew', async () => {
  const talk = [said('My dog is called Rex.'), said('Nice name!', 'assistant')];
  const first = await add(talk, { userId: 'bob' });
  const again = await add(talk, { userId: 'bob' });
  expect(again.results.map(({ id, event }) => [id, event])).toEqual(
    first.results.map(({ id }) => [id, 'NOOP']),
  );
  expect(await messagesOf('bob')).toBe(2);
  const grown = await add([...talk, said('Rex likes swimming.'), said('Nice name!', 'assistant')], {
    userId: 'bob',
  });
  // Said twice in one history it is two messages.
  expect(await messagesOf('bob')).toBe(4);
  expect(grown.results.map((one) => one.event)).toContain('ADD');
  expect((await mem0.getAll({ filters: { user_id: 'bob' } })).results.map((one) => one.memory)).toEqual(
    expect.arrayContaining(['My dog is called Rex.']),
  );
  const rex = first.results.find((one) => one.memory.includes('called Rex'))!;
  await mem0.delete(rex.id);
  const anew = await add([said('My dog is called Rex.')], { userId: 'bob' });
  expect(anew.results).toMatchObject([{ event: 'ADD', memory: 'My dog is called Rex.' }]);
  expect(anew.results[0]!.id).not.toBe(rex.id);
  // With another time it is another message.
  await add([said('My dog is called Rex.')], { userId: 'bob', timestamp: 1_715_162_400 });
  expect(await messagesOf('bob')).toBe(6);
});

it('infer: false makes a memory of each message, word for word, once', async () => {
  const options = { userId: 'carol', runId: 'r', infer: false, expirationDate: '2999-12-31' };
  const talk = [said('Be brief.'), said('Carol plays chess.'), said('Carol won in June.', 'assistant')];
  const first = await add([{ ...talk[0]!, role: 'system' as 'user' }, ...talk.slice(1)], options);
  expect(first.results).toMatchObject([
    { event: 'ADD', memory: 'Carol plays chess.' },
    { event: 'ADD', memory: 'Carol won in June.' },
  ]);
  expect((await add(talk.slice(1), options)).results.map((one) => one.event)).toEqual(['NOOP', 'NOOP']);
  expect(await mem0.get(first.results[0]!.id)).toMatchObject({ runId: 'r', expirationDate: '2999-12-31' });
  const { count } = await mem0.getAll({ filters: { user_id: 'carol', run_id: 'r' } });
  expect(count).toBe(2);
  const forever = await mem0.update(first.results[0]!.id, { expirationDate: null });
  expect(forever).toMatchObject({ memory: 'Carol plays chess.', expirationDate: null });
});

it('filters narrow down; pages and fields', async () => {
  for (const [city, agent] of [
    ['Oslo', 'guide'],
    ['Rome', 'guide'],
    ['Lima', 'clerk'],
  ] as const)
    await add([said(`I visited ${city}.`)], { userId: 'dan', agentId: agent, metadata: { city } });
  const names = async (filters: Record<string, unknown>): Promise<string[]> => {
    const { results } = await mem0.getAll({ filters: { AND: [{ user_id: 'dan' }, filters] } });
    return results.map((one) => one.memory!.slice('I visited '.length)).sort();
  };
  expect(await names({ agent_id: 'guide' })).toEqual(['Oslo.', 'Rome.']);
  expect(await names({ agent_id: { ne: 'guide' } })).toEqual(['Lima.']);
  expect(await names({ agent_id: '*' })).toHaveLength(3);
  expect(await names({ run_id: '*' })).toEqual([]);
  expect(await names({ metadata: { city: 'Rome' } })).toEqual(['Rome.']);
  expect(await names({ keywords: { icontains: 'oSLO' } })).toEqual(['Oslo.']);
  expect(await names({ keywords: { contains: 'oSLO' } })).toEqual([]);
  expect(await names({ NOT: [{ metadata: { city: 'Rome' } }, { metadata: { city: 'Oslo' } }] })).toEqual([
    'Lima.',
  ]);
  expect(await names({ created_at: { lt: '2020-01-01' } })).toEqual([]);
  const page = await mem0.getAll({ filters: { user_id: 'dan' }, page: 2, pageSize: 2 });
  expect(page).toMatchObject({ count: 3, next: null, previous: '/v3/memories/?page=1&page_size=2' });
  expect(page.results).toHaveLength(1);
  const ids = page.results.map((one) => one.id);
  expect(await mem0.getAll({ filters: { user_id: 'dan', memory_ids: ids } })).toMatchObject({ count: 1 });
  const brief = await mem0.search('Rome', { filters: { user_id: 'dan' }, topK: 1, fields: ['metadata'] });
  expect(Object.keys(brief.results[0]!).sort()).toEqual(['id', 'memory', 'metadata']);
});

it('what does not map is refused by its name', async () => {
  const cases: [Promise<unknown>, string][] = [
    [
      mem0.search('x', { filters: { AND: [{ user_id: 'u' }, { updated_at: { gte: '2024-01-01' } }] } }),
      'filters.AND.1.updated_at',
    ],
    [mem0.search('x', { filters: { user_id: { in: ['a', 'b'] } } }), 'filters.user_id'],
    [mem0.search('x', {}), 'filters'],
    [mem0.search('x', { filters: { user_id: 'u' }, showExpired: true }), 'show_expired'],
    [add([said('Hello.')], {}), 'user_id'],
    [add([said('Hello.')], { userId: 'u', expirationDate: '2999-01-01' }), 'expiration_date'],
    [add([said('Hello.')], { userId: 'u', metadata: { agent_id: 'x' } }), 'metadata.agent_id'],
    [
      add([{ role: 'user', content: { type: 'image_url', image_url: { url: 'x' } } }], { userId: 'u' }),
      'messages.0.content',
    ],
  ];
  for (const [call, path] of cases) {
    const error = await refusal(call);
    expect(error).toMatchObject({ name: 'ValidationError', errorCode: 'HTTP_422' });
    const { errors } = JSON.parse(error.message) as { errors: { path: string }[] };
    expect(errors.map((one) => one.path)).toEqual([path]);
  }
  const top = { query: 'x', user_id: 'u', filters: { user_id: 'u' } };
  expectPath(await api.post('/v3/memories/search/', top), 'user_id', /belongs in filters/);
});

it('agents without a user have memories of their own', async () => {
  await add([said('Always answer in French.')], { agentId: 'tutor' });
  const { results } = await mem0.search('Which language?', { filters: { agent_id: 'tutor' } });
  expect(results).toMatchObject([{ memory: 'Always answer in French.', agentId: 'tutor', userId: null }]);
  // On our own routes it is a user.
  expect((await api.get('/v1/retrieve?user_id=agent:tutor')).body.pagination.total).toBe(1);
});

it('an add can be asked after, and is found by our own routes', async () => {
  const { eventId, results } = await add([said('The code is 4711.')], { userId: 'eve', runId: 'chat' });
  const event = await api.get(`/v1/event/${eventId}/`);
  expect(event).toMatchObject({ status: 200, body: { status: 'SUCCEEDED', event_type: 'ADD' } });
  expect(event.body.results.map((one: { id: string }) => one.id)).toEqual(results.map((one) => one.id));
  expectProblem(await api.get('/v1/event/nonsense/'), 404);
  const own = await api.get('/v1/retrieve?user_id=eve&query=code');
  expect(own.body.results[0]).toMatchObject({ id: results[0]!.id, metadata: { conversation_id: 'chat' } });
});

it('batches: all or none; deleteAll leaves the user able to store; deleteUsers erases', async () => {
  const { results } = await add(
    ['red', 'blue', 'green'].map((color) => said(`I like ${color}.`)),
    {
      userId: 'finn',
      infer: false,
    },
  );
  const [red, blue, green] = results.map((one) => one.id) as [string, string, string];
  await mem0.batchUpdate([{ memoryId: red, text: 'I like pink.' }]);
  expect(await mem0.get(red)).toMatchObject({ memory: 'I like pink.' });
  const missing = await refusal(mem0.batchDelete([blue, '7b1f9a52-0000-4000-8000-000000000000']));
  expect(missing).toMatchObject({
    name: 'MemoryNotFoundError',
    message: expect.stringContaining('memories.1.memory_id'),
  });
  await mem0.batchDelete([blue, green]);
  expect(await mem0.getAll({ filters: { user_id: 'finn' } })).toMatchObject({ count: 1 });

  await add([said('I sail.')], { userId: 'finn', runId: 'sea' });
  await mem0.deleteAll({ userId: 'finn', runId: 'sea' });
  expect(await mem0.getAll({ filters: { user_id: 'finn' } })).toMatchObject({ count: 1 });
  await mem0.deleteAll({ userId: 'finn' });
  expect(await mem0.getAll({ filters: { user_id: 'finn' } })).toMatchObject({ count: 0 });
  expect(await refusal(mem0.deleteAll({}))).toMatchObject({ errorCode: 'HTTP_422' });
  expect((await add([said('I sail.')], { userId: 'finn', runId: 'sea' })).results).toMatchObject([
    { event: 'ADD' },
  ]);

  const finn = (await mem0.users()).results.find((one) => one.name === 'finn');
  expect(finn).toMatchObject({ type: 'user', totalMemories: 1 });
  await mem0.deleteUsers({ userId: 'finn' });
  expect((await mem0.users()).results.map((one) => one.name)).not.toContain('finn');
  expect(await mem0.getAll({ filters: { user_id: 'finn' } })).toMatchObject({ count: 0 });
  expect(await refusal(add([said('I am back.')], { userId: 'finn' }))).toMatchObject({
    errorCode: 'HTTP_410',
  });
  expect((await refusal(mem0.deleteUsers({ agentId: 'nobody' }))).message).toContain(
    'Failed to delete agent nobody',
  );
});

it('a slash tells its routes from ours', async () => {
  const { results } = await add([said('I knit.')], { userId: 'gus' });
  const id = results[0]!.id;
  expect((await api.get(`/v1/memories/${id}/`)).body.memory).toBe('I knit.');
  expectPath(await api.get(`/v1/memories/${id}`), 'user_id');
  expect((await api.get(`/v1/memories/${id}?user_id=gus`)).body.content).toBe('I knit.');
  expect((await api.get('/v1/retrieve/?user_id=gus')).body.pagination.total).toBe(1);
  const wrong = await api.get('/v3/memories/add/');
  expectProblem(wrong, 405);
  expect(wrong.headers.get('allow')).toBe('POST, OPTIONS');
  expectProblem(await api.post('/v3/memories/add', {}), 404);
});
