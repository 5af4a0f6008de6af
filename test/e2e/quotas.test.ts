import { apiClient, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { ownEnvironment, startApi, startReadyApi, type ApiProcess } from '../support/stack';

/** What others let in is counted every two seconds. */
const COUNTED_DEADLINE_MS = 10_000;
const processes: ApiProcess[] = [];
let apis: ApiClient[];
let narrow: ApiClient;

beforeAll(async () => {
  const env = ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' });
  const perUser = { ...env, QUOTA_USER_MESSAGES: '3', QUOTA_USER_BYTES: '1000' };
  processes.push(await startReadyApi({ env: perUser }), await startApi({ env: perUser }));
  processes.push(
    await startApi({ env: { ...env, NAMESPACE: `${env['NAMESPACE']}-2`, QUOTA_NAMESPACE_MEMORIES: '1' } }),
  );
  const all = processes.map(({ url }) => apiClient(url));
  for (const api of all)
    await poll('the record is ready', COUNTED_DEADLINE_MS, async () => {
      return (await api.get('/v1/retrieve?user_id=nobody')).status === 200;
    });
  apis = all.slice(0, 2);
  narrow = all[2]!;
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
}, 30_000);

const append = (api: ApiClient, user: string, messageId: string, content = 'Hello.'): Promise<ApiAnswer> =>
  api.post('/v1/conversations/c/messages', {
    user_id: user,
    messages: [{ role: 'user', content, message_id: messageId }],
  });
const write = (api: ApiClient, user: string, content: string): Promise<ApiAnswer> =>
  api.post('/v1/memories/direct', { user_id: user, content });
const turn = (api: ApiClient, user: string, messageId: string): Promise<ApiAnswer> =>
  api.post('/v1/orchestrator/message', {
    conversation_id: 'c',
    metadata: { user_id: user },
    message_id: messageId,
    role: 'user',
    content: 'Hello.',
  });
const importLines = (lines: readonly object[], query = ''): Promise<ApiAnswer> =>
  apis[0]!.post(`/v1/imports${query}`, lines.map((line) => JSON.stringify(line)).join('\n'), {
    'Content-Type': 'application/x-ndjson',
  });
const line = (user: string, content: string, messageId?: string): object => ({
  user_id: user,
  conversation_id: 'c',
  role: 'user',
  content,
  ...(messageId ? { message_id: messageId } : {}),
});
const appendedOf = async (user: string): Promise<number> =>
  (await apis[0]!.get(`/v1/conversations/c?user_id=${user}`)).body.appended_through as number;
const expectFull = (answer: ApiAnswer, quota: string): void => {
  expectProblem(answer, 403);
  expect(answer.body).toMatchObject({ title: 'Quota exceeded', detail: expect.stringContaining(quota) });
};

it('a user who has all that a user may have is told which quota it is, by every process', async () => {
  for (const id of ['m1', 'm2', 'm3']) expect((await append(apis[0]!, 'ann', id)).status).toBe(202);
  expectFull(await append(apis[0]!, 'ann', 'm4'), 'QUOTA_USER_MESSAGES');
  const streamed = await apis[0]!.post('/v1/orchestrator/message', {
    conversation_id: 'ann',
    role: 'user',
    content: 'Hello.',
  });
  expectFull(streamed, 'QUOTA_USER_MESSAGES');
  const elsewhere = await append(apis[1]!, 'ann', 'm5');
  expectFull(elsewhere, 'QUOTA_USER_MESSAGES');
  // What is there needs no room, and others have theirs.
  expect((await append(apis[0]!, 'ann', 'm1')).body).toMatchObject({ accepted: 0, duplicates: 1 });
  expect((await append(apis[0]!, 'bob', 'm1')).status).toBe(202);
  const { body } = await apis[0]!.get('/v1/conversations/c?user_id=ann');
  expect(body.appended_through).toBe(3);
});

it('bytes of text count, of messages and of memories', async () => {
  expectFull(await append(apis[0]!, 'cy', 'm1', 'x'.repeat(1_001)), 'QUOTA_USER_BYTES');
  expect((await append(apis[0]!, 'cy', 'm1', 'é'.repeat(400))).status).toBe(202);
  expectFull(await write(apis[0]!, 'cy', 'x'.repeat(201)), 'QUOTA_USER_BYTES');
  expect((await write(apis[0]!, 'cy', 'x'.repeat(200))).status).toBe(201);
});

it('what is known needs no room, alone or among what is new', async () => {
  const say = (...ids: string[]) =>
    apis[0]!.post('/v1/conversations/c/messages', {
      user_id: 'eli',
      messages: ids.map((id) => ({ role: 'user', content: 'Hello.', message_id: id })),
    });
  expect((await say('m1', 'm2')).body).toMatchObject({ accepted: 2 });
  expect((await say('m1', 'm2')).body).toMatchObject({ accepted: 0, duplicates: 2 });
  expect((await say('m1', 'm2', 'm3')).body).toMatchObject({ accepted: 1, duplicates: 2 });
  expect((await say('m1', 'm2', 'm3')).body).toMatchObject({ accepted: 0, duplicates: 3 });
  expectFull(await say('m1', 'm4'), 'QUOTA_USER_MESSAGES');
  expect((await turn(apis[0]!, 'eli', 'm3')).body).toMatchObject({ seq: 3, duplicate: true });
  const reused = await append(apis[0]!, 'eli', 'm3', 'Something else.');
  expectProblem(reused, 409);
  expect(await appendedOf('eli')).toBe(3);
});

it.each([
  ['turns', turn, (answer: ApiAnswer) => answer.body.duplicate === true],
  ['messages', append, (answer: ApiAnswer) => answer.body.duplicates === 1],
] as const)('eight identical %s at once where there is room for one are one', async (what, send, isAgain) => {
  const user = `eight-${what}`;
  for (const id of ['m1', 'm2']) await append(apis[0]!, user, id);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => send(apis[i % 2]!, user, 'last')));
  for (const answer of answers) expect([200, 202]).toContain(answer.status);
  expect(answers.filter(isAgain)).toHaveLength(7);
  expect(await appendedOf(user)).toBe(3);
});

it('lines of an import that find no room are rejected with the quota, those before them are stored', async () => {
  const file = [1, 2, 3, 4, 5].map((i) => line('dee', `Line ${i}.`));
  const sent = await importLines(file);
  expect(sent.body).toMatchObject({ messages: 5, accepted: 3, rejected: 2 });
  const rejections = await apis[0]!.get(`${sent.body.status_url}/rejections`);
  expect(
    rejections.body
      .trim()
      .split('\n')
      .map((text: string) => JSON.parse(text)),
  ).toEqual([
    { line: 4, reason: expect.stringContaining('QUOTA_USER_MESSAGES') },
    { line: 5, reason: expect.stringContaining('QUOTA_USER_MESSAGES') },
  ]);
  // Those that are there are known, however full it is.
  expect((await importLines(file)).body).toMatchObject({ accepted: 0, duplicates: 3, rejected: 2 });
});

it('lines that are known take no room from those that are new', async () => {
  const file = ['a', 'b', 'c'].map((id) => line('flo', `This is ${id}.`, id));
  expect((await importLines(file.slice(0, 2))).body).toMatchObject({ accepted: 2 });
  expect((await importLines([...file, ...file])).body).toMatchObject({
    accepted: 1,
    duplicates: 5,
    rejected: 0,
  });
});

it('an import that is to end at its first line without room stores nothing behind it', async () => {
  const a = line('gus', 'Short.', 'a');
  const file = [a, line('gus', 'x'.repeat(1_000), 'b'), line('gus', 'Short, too.', 'c'), a];
  const sent = await importLines(file, '?on_error=abort');
  expectProblem(sent, 422);
  expect(sent.body.errors).toEqual([
    { path: 'line 2', message: expect.stringContaining('QUOTA_USER_BYTES') },
  ]);
  expect(await appendedOf('gus')).toBe(1);
});

it('a namespace has a quota too; what is deleted makes room again', async () => {
  const first = await write(narrow, 'ann', 'Likes tea.');
  expect(first.status).toBe(201);
  expectFull(await write(narrow, 'bob', 'Likes coffee.'), 'QUOTA_NAMESPACE_MEMORIES');
  // Its export brings nothing new.
  const exported = await narrow.get('/v1/users/ann/export');
  expect(exported.body).toContain('Likes tea.');
  const taken = await narrow.post('/v1/imports', exported.body, { 'Content-Type': 'application/x-ndjson' });
  expect(taken.body).toMatchObject({ rejected: 0 });
  expect((await narrow.send('DELETE', `/v1/memories/${first.body.id}?user_id=ann`)).status).toBe(200);
  await poll('there is room', COUNTED_DEADLINE_MS, async () => {
    return (await write(narrow, 'bob', 'Likes coffee.')).status === 201;
  });
});
