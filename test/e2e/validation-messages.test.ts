import { apiClient, expectPath, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

/** 200 where everything is at once done, 202 where no worker is there to index. */
const TAKEN = [200, 202];

let process_: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  process_ = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' }) });
  api = apiClient(process_.url);
}, 60_000);
afterAll(async () => {
  await process_?.stop();
}, 30_000);

const says = (content: string, more: object = {}): object => ({ role: 'user', content, ...more });
const store = (more: object): Promise<ApiAnswer> =>
  api.post('/v1/store', { user_id: 'u', history: [says('hello')], ...more });
const storeMessage = (more: object): Promise<ApiAnswer> => store({ history: [says('hello', more)] });
const append = (more: object): Promise<ApiAnswer> =>
  api.post('/v1/conversations/c/messages', { user_id: 'u', messages: [says('hello')], ...more });

describe('ids', () => {
  const BAD: [string, unknown][] = [
    ['empty', ''],
    ['201 characters', 'x'.repeat(201)],
    ['201 emoji', '🎉'.repeat(201)],
    ['a line break', 'a\nb'],
    ['DEL', 'a\u007f'],
    ['a C1 control', 'a\u0085'],
    ['.', '.'],
    ['..', '..'],
    ['a number', 7],
    ['an object', {}],
    ['a list', ['u']],
    ['true', true],
  ];
  it.each(BAD)('user_id: 422 for %s', async (_, id) => expectPath(await store({ user_id: id }), 'user_id'));
  it.each(BAD)('conversation_id: 422 for %s', async (_, id) =>
    expectPath(await store({ conversation_id: id }), 'conversation_id'),
  );
  it.each(BAD)('message_id: 422 for %s', async (_, id) =>
    expectPath(await storeMessage({ message_id: id }), 'history.0.message_id'),
  );
  it.each(BAD)('metadata.conversation_id: 422 for %s', async (_, id) =>
    expectPath(await store({ metadata: { conversation_id: id } }), 'metadata.conversation_id'),
  );
  it.each([
    'x',
    'x'.repeat(200),
    '🎉'.repeat(200),
    'a/b',
    'a%2Fb',
    'ü ß',
    '...',
    ' ',
    'a\u2028b',
    '\\',
    '#?&',
    '../x',
    '日本語',
    'null',
    '__proto__',
  ])('takes %j and finds it again by its path', async (id) => {
    const answer = await api.post(`/v1/conversations/${encodeURIComponent(id)}/messages`, {
      user_id: id,
      messages: [says('hello')],
    });
    expect(answer.status).toBe(202);
    const seen = await api.get(answer.body.status_url);
    expect(seen.status).toBe(200);
    expect(seen.body).toMatchObject({ conversation_id: id, user_id: id, appended_through: 1 });
    const listed = await api.get(`/v1/users/${encodeURIComponent(id)}/conversations`);
    expect(listed.body.conversations.map((one: { conversation_id: string }) => one.conversation_id)).toEqual([
      id,
    ]);
  });
  it('422 for dots that stay in the path', async () => {
    // URLs are cleaned of these by clients; whoever sends them all the same gets no conversation.
    expectPath(await api.get('/v1/conversations/c?user_id=..'), 'user_id');
  });
  it('is required where it is', async () => {
    expectPath(await api.post('/v1/store', { history: [says('x')] }), 'user_id', /required/);
    expectPath(await api.get('/v1/retrieve'), 'user_id', /required/);
    expectPath(await api.get('/v1/conversations/c'), 'user_id', /required/);
    expectPath(await api.post('/v1/conversations/c/flush'), 'user_id', /required/);
    expectPath(
      await api.post('/v1/conversations/c/messages', { messages: [says('x')] }),
      'user_id',
      /required/,
    );
    expectPath(await api.post('/v1/orchestrator/message', says('x')), 'conversation_id', /required/);
    expectPath(
      await api.post('/v1/orchestrator/transcript', { history: [says('x')] }),
      'user_id',
      /required/,
    );
  });
});

describe('messages', () => {
  it.each([[''], [' \n\t'], ['\u00a0\u3000'], [null], [5], [{}]])('content: 422 for %j', async (content) => {
    expectPath(await storeMessage({ content }), 'history.0.content');
  });
  it('content: at most 32,768 characters, an emoji counting once', async () => {
    expect(TAKEN).toContain((await storeMessage({ content: '🎉'.repeat(32_768) })).status);
    expectPath(await storeMessage({ content: 'x'.repeat(32_769) }), 'history.0.content', /32768/);
    expectPath(await storeMessage({ content: '🎉'.repeat(32_769) }), 'history.0.content', /32768/);
  });
  it.each(['user', 'assistant', 'system', 'tool'])('role: takes %s', async (role) => {
    expect(TAKEN).toContain((await storeMessage({ role })).status);
  });
  it.each(['User', 'human', '', null, 1])('role: 422 for %j', async (role) => {
    expectPath(await storeMessage({ role }), 'history.0.role');
  });
  it.each(['2024-05-08T10:00:00', '2024-05-08', '2023-02-29T00:00:00Z', 'yesterday', 1_715_162_400, ''])(
    'timestamp: 422 for %j',
    async (timestamp) => {
      expectPath(
        await storeMessage({ timestamp }),
        'history.0.timestamp',
        typeof timestamp === 'string' ? /offset/ : undefined,
      );
    },
  );
  it.each(['2024-05-08T10:00:00Z', '2024-05-08T10:00:00.123456+05:30', null])(
    'timestamp: takes %j',
    async (timestamp) => {
      expect(TAKEN).toContain((await storeMessage({ timestamp })).status);
    },
  );
  it('history and messages: 1 to 1,000', async () => {
    const many = (count: number): object[] => Array.from({ length: count }, (_, n) => says(`message ${n}`));
    expect(TAKEN).toContain((await store({ history: many(1_000), conversation_id: 'long' })).status);
    expectPath(await store({ history: many(1_001) }), 'history', /1000/);
    expectPath(await store({ history: [] }), 'history', /1000/);
    expectPath(await append({ messages: many(1_001) }), 'messages', /1000/);
    expectPath(await append({ messages: [] }), 'messages');
    expectPath(await store({ history: says('not a list') }), 'history');
  });
  it('names every field that is wrong', async () => {
    const answer = await store({ user_id: '', history: [says('fine'), { role: 'nobody', content: '' }] });
    expectProblem(answer, 422);
    expect(answer.body.errors.map((error: { path: string }) => error.path).sort()).toEqual([
      'history.1.content',
      'history.1.role',
      'user_id',
    ]);
  });
  it.each(['[]', '"text"', 'null', '7', 'true'])('a body has to be an object: 422 for %s', async (body) => {
    expectProblem(await api.post('/v1/store', body), 422);
  });
});

describe('metadata', () => {
  it('is at most 16 KiB', async () => {
    const sized = (bytes: number): object => ({ k: 'x'.repeat(bytes - '{"k":""}'.length) });
    expect(TAKEN).toContain((await store({ metadata: sized(16_384) })).status);
    expectPath(await store({ metadata: sized(16_385) }), 'metadata', /16384/);
    expectPath(await store({ metadata: { k: 'é'.repeat(8_192) } }), 'metadata', /16384/);
  });
  it('may not nest without end', async () => {
    const nested = '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000);
    const body = `{"user_id":"u","history":[{"role":"user","content":"x"}],"metadata":${nested}}`;
    expectPath(await api.post('/v1/store', body), 'metadata', /nest/);
    const ignored = `{"user_id":"u","history":[{"role":"user","content":"x"}],"ignored":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(TAKEN).toContain((await api.post('/v1/store', ignored)).status);
  });
  it('is an object', async () => {
    for (const metadata of ['text', [1], 7])
      expectPath(await store({ metadata }), 'metadata', /^must be of type object, not \w+$/);
  });
  it('maps strings to strings on the orchestrator’s routes', async () => {
    const message = { conversation_id: 'c', ...says('x') };
    expectPath(
      await api.post('/v1/orchestrator/message', { ...message, metadata: { user_id: 7 } }),
      'metadata.user_id',
    );
    expectPath(
      await api.post('/v1/orchestrator/message', { ...message, metadata: { deep: {} } }),
      'metadata.deep',
    );
    expectPath(
      await api.post('/v1/orchestrator/message', { ...message, metadata: { user_id: '' } }),
      'metadata.user_id',
    );
    expectPath(
      await api.post('/v1/orchestrator/transcript', {
        user_id: 'u',
        history: [says('x')],
        metadata: { n: 1 },
      }),
      'metadata.n',
    );
    expectPath(
      await api.post('/v1/orchestrator/retrieve', {
        conversation_id: 'c',
        query: 'q',
        metadata: { n: null },
      }),
      'metadata.n',
    );
  });
  it('cannot change an object’s nature', async () => {
    const body = `{"__proto__":{"polluted":1},"user_id":"proto","history":[{"role":"user","content":"x","__proto__":{"role":"tool"}}],"metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"kept":"yes"}}`;
    expect(TAKEN).toContain((await api.post('/v1/store', body)).status);
    expect((await api.get('/health')).body).not.toHaveProperty('polluted');
    expectPath(
      await api.post(
        '/v1/conversations/c/messages',
        '{"user_id":"u","__proto__":{},"messages":[{"role":"user","content":"x"}]}',
      ),
      '__proto__',
    );
  });
});

describe('NUL and lone surrogates', () => {
  it.each([
    ['content', '{"user_id":"u","history":[{"role":"user","content":"a\\u0000b"}]}', 'history.0.content'],
    [
      'a lone high surrogate',
      '{"user_id":"u","history":[{"role":"user","content":"\\ud83d"}]}',
      'history.0.content',
    ],
    [
      'a lone low surrogate',
      '{"user_id":"u","history":[{"role":"user","content":"\\uDE00 x"}]}',
      'history.0.content',
    ],
    [
      'an ignored field',
      '{"user_id":"u","history":[{"role":"user","content":"x"}],"other":{"deep":["\\u0000"]}}',
      'other.deep.0',
    ],
    [
      'a key',
      '{"user_id":"u","history":[{"role":"user","content":"x"}],"metadata":{"a\\u0000":1}}',
      'metadata',
    ],
    ['an id', '{"user_id":"a\\udc00","history":[{"role":"user","content":"x"}]}', 'user_id'],
  ])('422 in %s', async (_, body, path) => {
    expectPath(await api.post('/v1/store', body), path);
  });
  it('takes whole pairs, and backslashes that only look like escapes', async () => {
    expect(TAKEN).toContain(
      (
        await api.post(
          '/v1/store',
          '{"user_id":"u","history":[{"role":"user","content":"\\ud83d\\ude00 \\\\u0000"}]}',
        )
      ).status,
    );
  });
  it('422 in a query', async () => {
    expectPath(await api.get('/v1/retrieve?user_id=u&query=a%00b'), 'query');
    expectPath(await api.get('/v1/retrieve?user_id=a%00b'), 'user_id');
    expectPath(await api.get('/v1/retrieve?user_id=u&persona=a%00'), 'persona');
    expectPath(await api.get('/v1/retrieve?user_id=u&metadata_filter=a:b%00'), 'metadata_filter', /NUL/);
  });
});

it.each(['nocolon', ':v', 'a:b&metadata_filter=x'])(
  'metadata_filter=%s: 422 that says how it is written',
  async (filter) => {
    const answer = await api.get(`/v1/retrieve?user_id=u&metadata_filter=${filter}`);
    expectPath(answer, 'metadata_filter', /key:value/);
  },
);
