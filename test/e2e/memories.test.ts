import { apiClient, expectProblem, type ApiClient } from '../support/api-client';
import { startStack, type Stack } from '../support/stack';

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

async function stored(userId: string, content: string): Promise<string> {
  const { body } = await api.post('/v1/store', {
    user_id: userId,
    conversation_id: 'then',
    history: [{ role: 'user', content }],
  });
  return body.ids[0] as string;
}

describe('GET /v1/memories/{id}', () => {
  it('gives one memory to its own user alone', async () => {
    const id = await stored('gina', 'I grow tomatoes.');
    const own = await api.get(`/v1/memories/${id}?user_id=gina`);
    expect(own).toMatchObject({ status: 200, body: { id, content: 'I grow tomatoes.', matches: [] } });
    expect((await api.get(`/v1/memories/${id.toUpperCase()}?user_id=gina`)).body.id).toBe(id);
    expectProblem(await api.get(`/v1/memories/${id}?user_id=other`), 404);
    expectProblem(await api.get(`/v1/memories/${id}`), 422);
  });
  it.each(['00000000-0000-4000-8000-000000000000', 'mem-abc123', "'; DROP TABLE memories"])(
    '404 for %s',
    async (id) => {
      expectProblem(await api.get(`/v1/memories/${encodeURIComponent(id)}?user_id=gina`), 404);
      expectProblem(await api.send('DELETE', `/v1/memories/${encodeURIComponent(id)}?user_id=gina`), 404);
    },
  );
});

describe('DELETE /v1/memories/{id}', () => {
  it('is another’s: 404, and it stays', async () => {
    const id = await stored('hugo', 'I collect stamps.');
    expectProblem(await api.send('DELETE', `/v1/memories/${id}?user_id=other`), 404);
    expect((await api.get(`/v1/memories/${id}?user_id=hugo`)).status).toBe(200);
  });
  it('takes it out of search, lists, stored injections and replays before it answers', async () => {
    const secret = 'My safe word is pomegranate.';
    const id = await stored('iris', secret);
    const asking = {
      conversation_id: 'now',
      role: 'user',
      content: 'What is my safe word?',
      message_id: 'q',
      metadata: { user_id: 'iris' },
    };
    const key = { 'Idempotency-Key': 'ask-1' };
    const asked = await api.post('/v1/orchestrator/message', asking, key);
    expect(asked.body.injections.map((one: { memory_id: string }) => one.memory_id)).toEqual([id]);
    const recalled = await api.post('/v1/retrieve', { user_id: 'iris', query: 'safe word' }, key);
    expect(JSON.stringify(recalled.body)).toContain('pomegranate');

    const answer = await api.send('DELETE', `/v1/memories/${id}?user_id=iris`);
    expect(answer).toMatchObject({ status: 200, body: { id, deleted: true } });

    expectProblem(await api.get(`/v1/memories/${id}?user_id=iris`), 404);
    expectProblem(await api.send('DELETE', `/v1/memories/${id}?user_id=iris`), 404);
    const everywhere = await Promise.all([
      api.get('/v1/retrieve?user_id=iris'),
      api.get('/v1/retrieve?user_id=iris&query=safe+word+pomegranate'),
      api.post('/v1/retrieve', { user_id: 'iris', query: 'safe word', include_narrative: true }, key),
      api.post('/v1/orchestrator/message', asking, key),
      api.post('/v1/orchestrator/message', asking),
      api.post('/v1/orchestrator/retrieve', {
        conversation_id: 'now',
        query: 'safe word',
        metadata: { user_id: 'iris' },
      }),
    ]);
    for (const one of everywhere) {
      expect(one.status).toBe(200);
      expect(JSON.stringify(one.body)).not.toContain('pomegranate');
      expect(JSON.stringify(one.body)).not.toContain(id);
    }
    // Sending its message again is a duplicate, and brings nothing back.
    const { body } = await api.post('/v1/conversations/then/flush?user_id=iris');
    expect(body.flushed).toBe(true);
    expect((await api.get('/v1/retrieve?user_id=iris&query=pomegranate')).body.pagination.total).toBe(1);
  });
});
