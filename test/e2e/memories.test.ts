import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
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

describe('POST /v1/memories/direct', () => {
  it('writes a fact that every way of recalling finds at once', async () => {
    const answer = await api.post('/v1/memories/direct', {
      user_id: 'jon',
      content: 'Jon is allergic to peanuts.',
      event_timestamp: '2021-03-04T05:06:07+01:00',
      metadata: { source: 'form' },
    });
    expect(answer.status).toBe(201);
    const item = answer.body;
    expect(item).toMatchObject({
      content: 'Jon is allergic to peanuts.',
      layer: 'semantic',
      type: 'explicit',
      importance: 0.8,
      score: 0,
      relevance: 0,
      persona_tags: expect.arrayContaining(['health']),
      metadata: { source: 'form' },
      created_at: '2021-03-04T04:06:07.000Z',
      source_message_ids: [],
      matches: [],
    });
    expect((await api.get(`/v1/memories/${item.id}?user_id=jon`)).body).toEqual(item);
    const query = 'What is Jon allergic to?';
    const listed = await api.get(`/v1/retrieve?user_id=jon&query=${encodeURIComponent(query)}`);
    expect(listed.body.results).toMatchObject([{ id: item.id, matches: [], relevance: expect.any(Number) }]);
    expect(listed.body.results[0].relevance).toBeGreaterThan(0.55);
    const posted = await api.post('/v1/retrieve', { user_id: 'jon', query, explain: true });
    expect(posted.body.results.memories.map((one: { id: string }) => one.id)).toEqual([item.id]);
    const injected = await api.post('/v1/orchestrator/message', {
      conversation_id: 'lunch',
      role: 'user',
      content: query,
      metadata: { user_id: 'jon' },
    });
    expect(injected.body.injections).toMatchObject([
      {
        memory_id: item.id,
        content: item.content,
        source: 'long_term',
        metadata: { layer: 'semantic', conversation_id: 'lunch' },
      },
    ]);
    const asked = await api.post('/v1/orchestrator/retrieve', {
      conversation_id: 'lunch',
      query,
      metadata: { user_id: 'jon' },
    });
    expect(asked.body.injections[0].memory_id).toBe(item.id);
  });

  it('has as felt what its writer says was, and nothing where that is next to nothing', async () => {
    const felt = async (valence: number): Promise<unknown> => {
      const emotional_signature = { valence, arousal: 0.4, emotion: 'joy', intensity: 0.5 };
      const fact = { user_id: 'ina', content: 'Ina was very, very happy!', emotional_signature };
      return (await api.post('/v1/memories/direct', fact)).body.emotional_signature;
    };
    expect(await felt(-0.21)).toMatchObject({ valence: -0.21, emotion: 'joy' });
    expect([await felt(0.2), await felt(-0.2), await felt(0)]).toEqual([null, null, null]);
  });

  it('stands beside what was said, each first where it answers best', async () => {
    const said = ['My cello lesson moved to Tuesday.', 'The bees swarmed again in May.'];
    const facts = ['Ida speaks Danish.', 'Ida has a brother in Oslo.', 'Ida is allergic to bee stings.'];
    const history = said.map((content) => ({ role: 'user', content }));
    await api.post('/v1/store', { user_id: 'ida', conversation_id: 'then', history });
    for (const content of facts)
      expect((await api.post('/v1/memories/direct', { user_id: 'ida', content })).status).toBe(201);
    const found = async (query: string): Promise<string[]> => {
      const { body } = await api.get(`/v1/retrieve?user_id=ida&query=${encodeURIComponent(query)}`);
      return body.results.map((one: { content: string }) => one.content);
    };
    expect((await found('On which day is my cello lesson?'))[0]).toBe(said[0]);
    expect((await found('Which languages does Ida speak?'))[0]).toBe(facts[0]);
    const bees = await found('What is there about bees?');
    expect(bees.slice(0, 2).sort()).toEqual([facts[2], said[1]].sort());
    expect([...bees].sort()).toEqual([...said, ...facts].sort());
  });

  it('is never returned once its time to live is over', async () => {
    const { body } = await api.post('/v1/memories/direct', {
      user_id: 'kim',
      content: 'The door code is 4711.',
      ttl_seconds: 1,
    });
    await poll(
      'it has expired',
      10_000,
      async () => (await api.get(`/v1/memories/${body.id}?user_id=kim`)).status === 404,
    );
    expect(Date.now() - Date.parse(body.stored_at)).toBeGreaterThanOrEqual(1_000);
    for (const path of ['/v1/retrieve?user_id=kim', '/v1/retrieve?user_id=kim&query=door+code'])
      expect((await api.get(path)).body).toMatchObject({ results: [], pagination: { total: 0 } });
    expectProblem(await api.send('PATCH', `/v1/memories/${body.id}?user_id=kim`, { importance: 1 }), 404);
  });

  it('makes one memory under one Idempotency-Key, and does not bring a deleted one back', async () => {
    const key = { 'Idempotency-Key': 'fact-1' };
    const fact = { user_id: 'lea', content: 'Lea speaks Danish.' };
    const first = await api.post('/v1/memories/direct', fact, key);
    expect((await api.post('/v1/memories/direct', fact, key)).body).toEqual(first.body);
    await api.send('DELETE', `/v1/memories/${first.body.id}?user_id=lea`);
    expectProblem(await api.post('/v1/memories/direct', fact, key), 409);
    expect((await api.get('/v1/retrieve?user_id=lea')).body.pagination.total).toBe(0);
  });

  it.each([
    [{}, 'content'],
    [{ content: ' ' }, 'content'],
    [{ content: 'x', layer: 'deep' }, 'layer'],
    [{ content: 'x', importance: 1.1 }, 'importance'],
    [{ content: 'x', ttl_seconds: 0 }, 'ttl_seconds'],
    [{ content: 'x', event_timestamp: '2021-03-04T05:06:07' }, 'event_timestamp'],
    [
      { content: 'x', emotional_signature: { valence: 2, arousal: 0, emotion: 'joy', intensity: 0 } },
      'emotional_signature.valence',
    ],
    [{ content: 'x', colour: 'red' }, 'colour'],
  ])('422 for %j', async (body, path) => {
    expectPath(await api.post('/v1/memories/direct', { user_id: 'lea', ...body }), path);
  });
});

describe('PATCH /v1/memories/{id}', () => {
  it('changes what it names, for its own user alone', async () => {
    const id = await stored('mia', 'My locker is number twelve.');
    const path = `/v1/memories/${id}?user_id=mia`;
    expectProblem(await api.send('PATCH', `/v1/memories/${id}?user_id=other`, { importance: 1 }), 404);
    const changed = await api.send('PATCH', path, {
      content: 'My wardrobe is number forty.',
      layer: 'long-term',
      importance: 0.9,
      persona_tags: ['health'],
      metadata: { checked: 'yes', message_ids: ['forged'] },
      ttl_seconds: 3_600,
    });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        id,
        content: 'My wardrobe is number forty.',
        layer: 'long-term',
        importance: 0.9,
        persona_tags: ['health'],
        metadata: { checked: 'yes', conversation_id: 'then', batch_size: 1 },
      },
    });
    expect(changed.body.metadata.message_ids).toEqual(changed.body.source_message_ids);
    expect((await api.get(path)).body).toEqual(changed.body);
    const found = await api.get('/v1/retrieve?user_id=mia&query=wardrobe+number');
    expect(found.body.results[0]).toMatchObject({ id, matches: [] });
    expect(found.body.results[0].relevance).toBeGreaterThan(0.55);
    expect((await api.get('/v1/retrieve?user_id=mia&query=locker')).body.results[0].relevance).toBeLessThan(
      0.55,
    );
    const again = await api.send('PATCH', path, { metadata: { checked: null }, ttl_seconds: null });
    expect(again.body.metadata).not.toHaveProperty('checked');
  });

  it('422 for nothing, and for what cannot be changed', async () => {
    const id = await stored('nils', 'I play chess.');
    expectProblem(await api.send('PATCH', `/v1/memories/${id}?user_id=nils`, {}), 422);
    expectPath(await api.send('PATCH', `/v1/memories/${id}?user_id=nils`, { type: 'implicit' }), 'type');
    expectPath(await api.send('PATCH', `/v1/memories/${id}?user_id=nils`, { importance: '1' }), 'importance');
    const half = { user_id: 'nils', content: 'Plays chess.', metadata: { one: 'x'.repeat(9_000) } };
    const path = `/v1/memories/${(await api.post('/v1/memories/direct', half)).body.id}?user_id=nils`;
    const grown = await api.send('PATCH', path, { metadata: { two: 'x'.repeat(9_000) } });
    expectPath(grown, 'metadata', /at most 16384 bytes/);
    expect(Object.keys((await api.get(path)).body.metadata)).toEqual(['one']);
  });
});
