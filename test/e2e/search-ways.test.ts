import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { items } from '../support/shapes';
import { ownEnvironment, startReadyApi, startStack, type Stack } from '../support/stack';

const USER = 'searcher';

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
  const said: [conversation: string, name: string | null, content: string, more?: object][] = [
    ['home', 'Ana', 'My sister Ines keeps bees on the roof.', { metadata: { project: 'garden', size: 3 } }],
    ['home', 'Bo', 'The lawn needs mowing before Saturday.', { metadata: { project: 'garden' } }],
    ['work', 'Ana', 'The quarterly report is due in March.', { persona_context: { forced_persona: 'work' } }],
    ['work', null, 'Our accountant moved to Geneva.', { persona_context: { forced_persona: 'finance' } }],
    ['travel', 'Ana', '私は東京に住んでいます。'],
    ['travel', 'Ana', 'أعيش في القاهرة مع عائلتي'],
    ...Array.from({ length: 5 }, (_, i): [string, string, string] => [
      `echo-${i}`,
      'Ana',
      `The ferry to Capri leaves at nine${'.'.repeat(i)}`,
    ]),
    ['echo-5', 'Bo', 'On Capri we take the funicular from the ferry to the square.'],
  ];
  for (const [n, [conversation, name, content, more]] of said.entries()) {
    const message = {
      role: 'user',
      content,
      message_id: `m${n}`,
      timestamp: `2024-02-${10 + n}T09:00:00Z`,
      name,
    };
    const stored = await api.post('/v1/store', {
      user_id: USER,
      conversation_id: conversation,
      history: [message],
      ...more,
    });
    expect(stored.status).toBe(200);
  }
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const ask = async (more: object) => api.post('/v1/retrieve', { user_id: USER, limit: 50, ...more });
const messageIds = async (more: object): Promise<string[]> => {
  const { status, body } = await ask(more);
  expect({ status, body }).toMatchObject({ status: 200 });
  return items(body.results.memories)
    .flatMap((one) => one.source_message_ids)
    .sort();
};

describe('where', () => {
  it.each<[string, object, string[]]>([
    ['conversation', { conversation: 'home' }, ['m0', 'm1']],
    ['a list', { conversation: ['home', 'work'] }, ['m0', 'm1', 'm2', 'm3']],
    ['name', { name: 'Bo' }, ['m1', 'm11']],
    ['persona', { persona: ['work', 'finance'], conversation: 'work' }, ['m2', 'm3']],
    ['metadata', { metadata: { project: 'garden', size: 3 } }, ['m0']],
    ['metadata of another type', { metadata: { size: '3' } }, []],
    ['time', { time: { after: '2024-02-11T09:00:00Z', before: '2024-02-13T09:00:00Z' } }, ['m1', 'm2']],
    ['several at once', { conversation: 'home', name: 'Ana' }, ['m0']],
    ['or', { or: [{ name: 'Bo' }, { conversation: 'work' }] }, ['m1', 'm11', 'm2', 'm3']],
    ['and', { and: [{ name: 'Ana' }, { conversation: ['home', 'work'] }] }, ['m0', 'm2']],
    ['not', { conversation: ['home', 'work'], not: { name: 'Ana' } }, ['m1', 'm3']],
    ['layer', { layer: 'semantic' }, []],
    ['type', { type: 'explicit', conversation: 'home' }, ['m0', 'm1']],
    ['words that mean something to SQL', { conversation: "home' OR '1'='1" }, []],
  ])('by %s, with and without a query', async (_what, where, ids) => {
    expect(await messageIds({ where })).toEqual(ids);
    expect(await messageIds({ where, query: 'the bees of my sister' })).toEqual(ids);
  });
  it('joins with the other filters', async () => {
    expect(await messageIds({ where: { name: 'Ana' }, filters: { project: 'garden' } })).toEqual(['m0']);
  });
  it('is left out by null, as the document says', async () => {
    expect(await messageIds({ where: null, filters: { project: 'garden' } })).toEqual(['m0', 'm1']);
    const { body } = await api.get('/openapi.json');
    expect(body.components.schemas.RetrieveRequest.properties.where.type).toEqual(['object', 'null']);
  });
  it.each<[string, unknown]>([
    ['where', {}],
    ['where', 'home'],
    ['where.colour', { colour: 'red' }],
    ['where.layer', { layer: 'deep' }],
    ['where.time', { time: {} }],
    ['where.time.after', { time: { after: '2024-02-11' } }],
    ['where.or', { or: [] }],
    ['where.and.0.not.conversation', { and: [{ not: { conversation: '..' } }] }],
    ['where.metadata', { metadata: {} }],
    ['where.name', { name: [] }],
    ['where', { or: Array.from({ length: 65 }, () => ({ name: 'x' })) }],
    ['where', Array.from({ length: 12 }).reduce<object>((inner) => ({ not: inner }), { name: 'x' })],
  ])('refuses %s by name', async (path, where) => {
    expectPath(await ask({ where }), path);
  });
  it.each<[string, object, RegExp]>([
    ['where.layer', { layer: 'deep' }, /list of 1 to 50: must be one of short-term, /],
    ['where.layer', { layer: ['semantic', 'deep'] }, /list of 1 to 50: must be one of short-term, /],
    ['where.conversation', { conversation: 'x'.repeat(201) }, /: must have 1 to 200 characters/],
    ['where.name', { name: [] }, /^must be a value or a list of 1 to 50$/],
    ['where.type', { type: { not: 'explicit' } }, /^must be a value or a list of 1 to 50$/],
  ])('says what is wrong with %s', async (path, where, message) => {
    expectPath(await ask({ where }), path, message);
  });
  it('refuses endless nesting', async () => {
    const deep = `${'{"and":['.repeat(20_000)}{"name":"x"}${']}'.repeat(20_000)}`;
    expectPath(await api.post('/v1/retrieve', `{"user_id":"${USER}","where":${deep}}`), 'where');
    const other = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    expectPath(await api.post('/v1/retrieve', `{"user_id":"${USER}","where":{"colour":${other}}}`), 'where');
  });
});

describe('mode', () => {
  const first = async (
    query: string,
    mode?: string,
  ): Promise<{ id: string | undefined; keyword: number; score: number }> => {
    const { body } = await ask({ query, mode, explain: true });
    const best = items(body.results.memories)[0]!;
    return {
      id: best.source_message_ids[0],
      keyword: body.explainability.source_links[0].keyword,
      score: best.score,
    };
  };
  it('keyword finds by words alone', async () => {
    expect(await first('bees', 'keyword')).toMatchObject({ id: 'm0', keyword: 1 });
    expect((await first('apiary', 'keyword')).score).toBe(0);
  });
  it.each([
    ['acountant', 'm3'],
    ['my sistre and her beees', 'm0'],
    ['the lwan', 'm1'],
  ])('keyword finds what is misspelt: %s', async (query, id) => {
    const best = await first(query, 'keyword');
    expect(best).toMatchObject({ id, keyword: 1 });
    expect(best.score).toBeGreaterThan(0);
  });
  it('vector finds by meaning alone', async () => {
    expect(await first('bookkeeper in Switzerland', 'vector')).toMatchObject({ id: 'm3', keyword: 0 });
  });
  it('hybrid is what there is without it, on GET too', async () => {
    expect(await first('bees', 'hybrid')).toEqual(await first('bees'));
    const { body } = await api.get(`/v1/retrieve?user_id=${USER}&query=bookkeeper&mode=vector`);
    expect(items(body.results)[0]?.source_message_ids).toEqual(['m3']);
  });
  it('refuses an unknown one, and vectors where there is no embedder', async () => {
    expectPath(await ask({ query: 'bees', mode: 'fuzzy' }), 'mode');
    expectPath(await api.get(`/v1/retrieve?user_id=${USER}&query=bees&mode=fuzzy`), 'mode');
    const lexical = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none' }) });
    try {
      const asked = (mode: string) =>
        apiClient(lexical.url).post('/v1/retrieve', { user_id: USER, query: 'bees', mode });
      expectPath(await asked('vector'), 'mode', /embedder/);
      expect((await asked('keyword')).status).toBe(200);
    } finally {
      await lexical.stop();
    }
  });
});

it('spreads versions of one sentence, and pages still reach all of them once', async () => {
  const { body } = await ask({ query: 'When does the ferry to Capri leave?', explain: true });
  const found = items(body.results.memories);
  expect(found[0]?.content).toMatch(/^The ferry to Capri leaves/);
  expect(found[1]?.source_message_ids).toEqual(['m11']);
  const scores = found.map((one) => one.score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  for (const link of body.explainability.source_links)
    expect(link.semantic + link.temporal + link.importance + link.emotional).toBeCloseTo(link.score, 6);
  const paged: string[] = [];
  for (let offset = 0; offset < 12; offset += 5) {
    const query = encodeURIComponent('When does the ferry to Capri leave?');
    const page = await api.get(`/v1/retrieve?user_id=${USER}&query=${query}&limit=5&offset=${offset}`);
    expect(page.body.pagination.total).toBe(12);
    paged.push(...items(page.body.results).map((one) => one.id));
  }
  expect(paged).toEqual(found.map((one) => one.id));
  expect(new Set(paged).size).toBe(12);
});

it('reads a follow-up by the conversation it is asked in', async () => {
  const { body } = await ask({ query: 'and who keeps them?', conversation_id: 'home' });
  expect(items(body.results.memories)[0]?.source_message_ids).toEqual(['m0']);
  const injected = await api.post('/v1/orchestrator/retrieve', {
    conversation_id: 'home',
    query: 'and where is that?',
    metadata: { user_id: USER },
  });
  expect(injected.status).toBe(200);
});

it('asked about one who takes part, it goes first by what that one said', async () => {
  const history = [
    { role: 'user', name: 'Ana', content: 'I bake rye bread on Sundays for my mother.' },
    { role: 'user', name: 'Bo', content: 'I bake rye bread on Fridays with my children.' },
  ];
  const stored = await api.post('/v1/store', { user_id: 'bakers', conversation_id: 'talk', history });
  expect(stored.status).toBe(200);
  const first = async (query: string): Promise<string | undefined> => {
    const { body } = await api.post('/v1/retrieve', { user_id: 'bakers', query });
    return items(body.results.memories)[0]?.content;
  };
  expect(await first('On which day does Ana bake rye bread?')).toBe(history[0]!.content);
  expect(await first('On which day does Bo bake rye bread?')).toBe(history[1]!.content);
});

describe('other languages and scripts', () => {
  const said = [
    'Meine Schwester wohnt seit März in München.',
    '昨日、京都で新しい自転車を買いました。',
    'הכלב שלי אוהב לשחק בגינה',
    '🎻🎻 lesson with Zoë moved to Tuesday 🎉',
    'Мой брат работает пекарем в Риге.',
  ];
  beforeAll(async () => {
    const history = said.map((content) => ({ role: 'user', content }));
    const stored = await api.post('/v1/store', { user_id: 'polyglot', conversation_id: 'talk', history });
    expect(stored.status).toBe(200);
  });
  it.each([
    ['German', 'Wo wohnt meine Schwester?', 0],
    ['German in capitals and without umlauts', 'MUNCHEN', 0],
    ['Japanese', '自転車はどこで買いましたか', 1],
    ['Hebrew, from right to left', 'מה הכלב אוהב', 2],
    ['emoji among words', '🎻 lesson 🎻', 3],
    ['a name without its dots', 'when does zoe teach?', 3],
    ['Russian', 'Где работает мой брат?', 4],
  ])('%s finds, by words alone too', async (_what, query, n) => {
    for (const mode of ['hybrid', 'keyword']) {
      const { status, body } = await api.post('/v1/retrieve', { user_id: 'polyglot', query, mode });
      expect(status).toBe(200);
      expect(items(body.results.memories)[0]?.content).toBe(said[n]);
    }
    const { body } = await api.post('/v1/context', { user_id: 'polyglot', query });
    expect(body.context).toContain(said[n]);
  });
});

describe('what is not plain English', () => {
  it.each([
    ['a typo', 'Where does my sistre keep her beees?', 'm0'],
    ['Japanese', '東京に住んでいますか', 'm4'],
    ['Arabic', 'القاهرة', 'm5'],
  ])('%s finds', async (_what, query, id) => {
    const { body } = await ask({ query });
    expect(items(body.results.memories)[0]?.source_message_ids).toEqual([id]);
  });
  it.each([
    ['emoji', '🎉🎉'],
    ['punctuation', '???'],
    ['one letter', 'a'],
    ['nothing to be seen', '\u200b'],
    ['2,000 characters without a break', '字'.repeat(2_000)],
    ['many words', 'x '.repeat(5_000)],
    ['a control token', '<|endoftext|>'],
    ['operators of a query language', '"+-(){}[]^~*?:\\'],
  ])('answers %s without an error', async (_what, query) => {
    expect((await ask({ query })).status).toBe(200);
    const context = await api.post('/v1/context', { user_id: USER, query });
    expect([200, 422]).toContain(context.status);
    if (context.status === 422) expectProblem(context, 422);
  });
});
