import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';

const DIMENSIONS = 64;
const REFUSED = 'unspeakable';

let embedding: StubEmbeddingServer;
let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  embedding = await startStubEmbeddingServer({ dimensions: DIMENSIONS });
  stack = await startStack({
    env: {
      EMBEDDER: 'openai',
      EMBEDDER_URL: embedding.url,
      EMBEDDER_MODEL: 'stub',
      EMBEDDER_DIMENSIONS: String(DIMENSIONS),
      STORE_WAIT_MS: '20000',
    },
  });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await embedding?.close();
}, 60_000);

it('a refused message fails alone, says why, and is indexed once it is retried', async () => {
  embedding.refusedMarker = REFUSED;
  const history = ['I like tea.', `This is ${REFUSED}.`, 'I like cake.'].map((content) => ({
    role: 'user',
    content,
  }));
  const stored = await api.post('/v1/store', { user_id: 'u', conversation_id: 'c', history });
  expect(stored).toMatchObject({
    status: 200,
    body: {
      memories_created: 2,
      failed: [{ from_seq: 2, through_seq: 2, reason: expect.stringMatching(/\S/) }],
    },
  });
  const { body: shown } = await api.get('/v1/conversations/c?user_id=u');
  expect(shown).toMatchObject({ phase: 'idle', indexed_through: 3, pending: 0, failed: stored.body.failed });
  expect((await api.get('/v1/retrieve?user_id=u')).body.pagination.total).toBe(2);

  embedding.refusedMarker = null;
  const retried = await api.send('POST', '/v1/conversations/c/retry?user_id=u');
  expect(retried).toMatchObject({ status: 202, body: { retried: [{ from_seq: 2, through_seq: 2 }] } });
  const after = await poll('the failed range is indexed', 20_000, async () => {
    const { body } = await api.get('/v1/conversations/c?user_id=u');
    return body.failed.length === 0 && body.pending === 0 && body;
  });
  expect(after).toMatchObject({ phase: 'idle', indexed_through: 3 });
  const { body: listed } = await api.get('/v1/retrieve?user_id=u');
  expect(listed.results.map((one: { content: string }) => one.content).sort()).toEqual(
    history.map((message) => message.content).sort(),
  );
}, 90_000);

it('waits while the embedder is away: accepted, pending, indexed when it is back', async () => {
  embedding.behaviour = { kind: 'status', status: 503 };
  const before = embedding.requests.length;
  const accepted = await api.post('/v1/conversations/away/messages', {
    user_id: 'u',
    messages: [{ role: 'user', content: 'The embedder is away.' }],
  });
  expect(accepted.status).toBe(202);
  await poll('it was tried', 20_000, async () => embedding.requests.length > before);
  expect((await api.get('/v1/conversations/away?user_id=u')).body).toMatchObject({
    indexed_through: 0,
    pending: 1,
    failed: [],
  });
  embedding.behaviour = { kind: 'answer' };
  await poll(
    'indexed',
    40_000,
    async () => (await api.get('/v1/conversations/away?user_id=u')).body.indexed_through === 1,
  );
}, 90_000);
