import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { items } from '../support/shapes';
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

describe('GET /v1/retrieve', () => {
  const day = (n: number): string => `2024-01-${String(n).padStart(2, '0')}T12:00:00Z`;
  beforeAll(async () => {
    const contents = [
      'I bake sourdough bread.',
      'My sister Ines lives in Porto.',
      'I am learning to sail.',
      'I bought a red bicycle.',
      'We saw a comet.',
    ];
    for (const [n, content] of contents.entries()) {
      const stored = await api.post('/v1/store', {
        user_id: 'lister',
        conversation_id: `c${n % 2}`,
        history: [{ role: 'user', content, message_id: `m${n}`, timestamp: day(n + 1) }],
        metadata: { parity: n % 2 === 0 ? 'even' : 'odd', place: n },
        ...(n === 4 ? { persona_context: { forced_persona: 'stargazer' } } : {}),
      });
      expect(stored.status).toBe(200);
    }
  }, 60_000);
  const contents = (body: { results: unknown }): string[] => items(body.results).map((one) => one.content);

  it('lists the newest first, with its shape to the letter', async () => {
    const { status, body } = await api.get('/v1/retrieve?user_id=lister');
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['finance', 'pagination', 'results']);
    expect(body.pagination).toEqual({ limit: 10, offset: 0, total: 5 });
    expect(body.finance).toBeNull();
    expect(contents(body)).toEqual([
      'We saw a comet.',
      'I bought a red bicycle.',
      'I am learning to sail.',
      'My sister Ines lives in Porto.',
      'I bake sourdough bread.',
    ]);
    for (const one of items(body.results)) expect(one).toMatchObject({ score: 0, relevance: 0, matches: [] });
  });
  it('lists the oldest first when asked', async () => {
    const { body } = await api.get('/v1/retrieve?user_id=lister&sort=oldest&limit=2');
    expect(contents(body)).toEqual(['I bake sourdough bread.', 'My sister Ines lives in Porto.']);
  });
  it('answers a query best first, with every turn of each memory', async () => {
    const { body } = await api.get('/v1/retrieve?user_id=lister&query=Where+does+my+sister+live%3F');
    const found = items(body.results);
    expect(found[0]?.content).toBe('My sister Ines lives in Porto.');
    expect(found[0]?.relevance).toBeGreaterThan(0.55);
    expect(found[0]?.matches).toEqual([
      expect.objectContaining({
        message_id: 'm1',
        role: 'user',
        name: null,
        content: 'My sister Ines lives in Porto.',
        timestamp: '2024-01-02T12:00:00.000Z',
      }),
    ]);
    const scores = found.map((one) => one.score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(body.pagination.total).toBe(5);
    expect(found).toHaveLength(5);
  });
  it.each(['', '&query=bicycle', '&sort=oldest'])(
    'pages reach everything exactly once (%s)',
    async (more) => {
      const seen: string[] = [];
      for (let offset = 0; offset < 6; offset += 2) {
        const { body } = await api.get(`/v1/retrieve?user_id=lister&limit=2&offset=${offset}${more}`);
        expect(body.pagination).toEqual({ limit: 2, offset, total: 5 });
        seen.push(...contents(body));
      }
      expect([...new Set(seen)]).toHaveLength(5);
      expect(seen).toHaveLength(5);
    },
  );
  it.each([
    [`created_after=${day(2)}`, 4],
    [`created_before=${day(2)}`, 1],
    [`created_after=${day(2)}&created_before=${day(4)}`, 2],
    ['metadata_filter=parity:even', 3],
    ['metadata_filter=parity:even&metadata_filter=place:2', 1],
    ['metadata_filter=parity:none', 0],
    ['layer=short-term', 5],
    ['layer=semantic', 0],
    ['type=explicit', 5],
    ['type=implicit', 0],
    ['persona=stargazer', 1],
  ])('filters by %s', async (filter, total) => {
    const { body } = await api.get(`/v1/retrieve?user_id=lister&${filter}`);
    expect(body.pagination.total).toBe(total);
    expect(body.results).toHaveLength(total);
    const asked = await api.get(`/v1/retrieve?user_id=lister&query=sail&${filter}`);
    expect(asked.body.pagination.total).toBe(total);
  });
  it('reads an unknown user as empty', async () => {
    const { status, body } = await api.get('/v1/retrieve?user_id=nobody&query=anything');
    expect(status).toBe(200);
    expect(body).toEqual({ results: [], pagination: { limit: 10, offset: 0, total: 0 }, finance: null });
  });
});

describe('POST /v1/retrieve', () => {
  it('has its shape to the letter', async () => {
    const { status, body } = await api.post('/v1/retrieve', {
      user_id: 'lister',
      query: 'sailing',
      limit: 2,
    });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['explainability', 'persona', 'results']);
    expect(body.persona).toEqual({
      selected: expect.any(String),
      confidence: expect.any(Number),
      state_snapshot_id: expect.any(String),
    });
    expect(Object.keys(body.results).sort()).toEqual(['granularity', 'memories', 'narrative', 'summaries']);
    expect(items(body.results.memories)[0]?.content).toBe('I am learning to sail.');
    expect(body.results).toMatchObject({ granularity: 'raw', summaries: [], narrative: null });
    expect(body.explainability).toBeNull();
  });
  it('tells a narrative in the order of time when asked', async () => {
    const { body } = await api.post('/v1/retrieve', {
      user_id: 'lister',
      include_narrative: true,
      granularity: 'arc',
    });
    const { narrative } = body.results;
    expect(narrative).toContain('1 January 2024');
    expect(narrative.indexOf('sourdough')).toBeLessThan(narrative.indexOf('comet'));
    const beyond = await api.post('/v1/retrieve', {
      user_id: 'lister',
      include_narrative: true,
      offset: 100,
    });
    expect(beyond.body.results.memories).toEqual([]);
    expect(beyond.body.results.narrative).not.toBe('');
    const nobody = await api.post('/v1/retrieve', { user_id: 'nobody', include_narrative: true });
    expect(nobody.body.results.narrative).toBe('');
  });
  it('explains scores by parts that add up', async () => {
    const { body } = await api.post('/v1/retrieve', { user_id: 'lister', query: 'my sister', explain: true });
    expect(Object.keys(body.explainability.weights).sort()).toEqual([
      'emotional',
      'importance',
      'semantic',
      'temporal',
    ]);
    expect(body.explainability.source_links.map((link: { id: string }) => link.id)).toEqual(
      body.results.memories.map((one: { id: string }) => one.id),
    );
    for (const link of body.explainability.source_links) {
      expect(Object.keys(link).sort()).toEqual([
        'emotional',
        'id',
        'importance',
        'keyword',
        'reason',
        'score',
        'semantic',
        'temporal',
      ]);
      expect(link.semantic + link.temporal + link.importance + link.emotional).toBeCloseTo(link.score, 6);
    }
  });
  it('echoes a forced persona, known or not, and filters nothing by it', async () => {
    const ask = async (
      persona: string,
    ): Promise<{ persona: { selected: string }; results: { memories: unknown[] } }> =>
      (
        await api.post('/v1/retrieve', {
          user_id: 'lister',
          query: 'bread',
          persona_context: { forced_persona: persona, active_personas: ['work'], mood: 'odd' },
        })
      ).body;
    const known = await ask('finance');
    const unknown = await ask('Beekeeper');
    expect([known.persona.selected, unknown.persona.selected]).toEqual(['finance', 'Beekeeper']);
    expect(known.results.memories).toHaveLength(5);
    expect(unknown.results.memories).toHaveLength(5);
  });
  it('filters by equality on metadata, and by time', async () => {
    const total = async (more: object): Promise<number> =>
      (await api.post('/v1/retrieve', { user_id: 'lister', ...more })).body.results.memories.length;
    expect(await total({ filters: { parity: 'odd' } })).toBe(2);
    expect(await total({ filters: { place: 3 } })).toBe(1);
    expect(await total({ filters: { place: '3' } })).toBe(0);
    expect(await total({ created_after: day(3), created_before: day(5) })).toBe(2);
  });
  const day = (n: number): string => `2024-01-0${n}T12:00:00Z`;
});

it('keeps users apart, whatever the conversation is called', async () => {
  const secret = { role: 'user', content: 'My locker code is 4711.' };
  await api.post('/v1/store', { user_id: 'eve-1', conversation_id: 'shared', history: [secret] });
  const other = await api.get('/v1/retrieve?user_id=eve-2&query=locker+code');
  expect(other.body.results).toEqual([]);
  const own = await poll('found by its own user', 5_000, async () => {
    const { body } = await api.get('/v1/retrieve?user_id=eve-1&query=locker+code');
    return body.results[0]?.content === secret.content;
  });
  expect(own).toBe(true);
});
