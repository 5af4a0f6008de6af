import { apiClient, type ApiClient } from '../support/api-client';
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

interface Stored {
  id: string;
  content: string;
  persona_tags: string[];
  importance: number;
  emotional_signature: { valence: number; emotion: string } | null;
  metadata: Record<string, unknown>;
}

async function store(userId: string, contents: string[], more: object = {}): Promise<Stored[]> {
  const history = contents.map((content, i) => ({ role: 'user', content, message_id: `${userId}-${i}` }));
  const { status, body } = await api.post('/v1/store', { user_id: userId, history, ...more });
  expect(status).toBe(200);
  return body.memories;
}
const ask = async (body: object) => (await api.post('/v1/retrieve', body)).body;
const finance = async (userId: string) => (await api.get(`/v1/retrieve?user_id=${userId}`)).body.finance;

describe('what was said', () => {
  it('is tagged, felt, weighed and read for trades', async () => {
    const [money, sick, hello, joy] = await store('read', [
      'I bought 8 shares of Adobe at 350 dollars, my first investment.',
      'The doctor found out why my stomach hurts after every meal.',
      'Hello there!',
      'I am overjoyed, my daughter passed all her exams!',
    ]);
    expect(money!.persona_tags[0]).toBe('finance');
    expect(money!.metadata['portfolio']).toEqual({
      ticker: 'ADBE',
      asset: 'Adobe',
      shares: 8,
      price: 350,
      currency: 'USD',
      action: 'buy',
    });
    expect(sick!.persona_tags[0]).toBe('health');
    expect(sick!.metadata).not.toHaveProperty('portfolio');
    expect(joy!.emotional_signature!.valence).toBeGreaterThan(0.2);
    expect(hello!.importance).toBeLessThan(sick!.importance);
    expect(sick!.importance).toBeLessThan(money!.importance);
  });

  it('begins with the persona that the caller forces, and keeps the one it is about', async () => {
    const [memory] = await store('forced', ['My dentist pulled a tooth this morning.'], {
      persona_context: { forced_persona: 'guide' },
    });
    expect(memory!.persona_tags).toEqual(['guide', 'health']);
    const { body } = await api.get('/v1/retrieve?user_id=forced&persona=health');
    expect(body.pagination.total).toBe(1);
  });

  it('goes to the personas that the caller takes for active where it is unclear', async () => {
    const said = ['And then he said the same again.', 'My dentist pulled a tooth this morning.'];
    const [unclear, clear] = await store('active', said, {
      persona_context: { active_personas: ['partner'] },
    });
    expect(unclear!.persona_tags[0]).toBe('partner');
    expect(clear!.persona_tags[0]).toBe('health');
    const [alone] = await store('not-active', said);
    expect(alone!.persona_tags).not.toContain('partner');
  });
});

describe('holdings', () => {
  it('net out in the order they were said, whatever the order they came in', async () => {
    const at = (content: string, day: number) => ({
      role: 'user',
      content,
      timestamp: `2025-03-0${day}T10:00:00Z`,
    });
    expect(await finance('holder')).toBeNull();
    await api.post('/v1/store', {
      user_id: 'holder',
      history: [at('I sold 4 shares of Nvidia.', 5), at('I sold all my Ford shares.', 6)],
    });
    const late = await api.post('/v1/store', {
      user_id: 'holder',
      history: [
        at('I bought 10 shares of Nvidia at $100 and 5 shares of Ford.', 1),
        at('My goal is to save 5,000 euros this year.', 2),
        { ...at('I bought 99 shares of Intel.', 3), role: 'assistant' },
        at('Should I buy Tesla?', 4),
      ],
    });
    const { portfolio, goals } = await finance('holder');
    expect(portfolio).toMatchObject({
      user_id: 'holder',
      total_holdings: 1,
      holdings: [{ ticker: 'NVDA', shares: 6, price: 100, currency: 'USD' }],
    });
    expect(goals).toEqual([{ text: 'My goal is to save 5,000 euros this year.', tickers: [] }]);

    // Set right by hand, it tells of what it says now, and is felt as that.
    const [bought, goal, assistant, asked] = late.body.ids as string[];
    const told = async (id: string, content: string) =>
      (await api.send('PATCH', `/v1/memories/${id}?user_id=holder`, { content })).body as Stored;
    const fewer = await told(bought!, 'I bought 7 shares of Nvidia at $100, and I am so sad about it!');
    expect(fewer.metadata['portfolio']).toMatchObject({ ticker: 'NVDA', shares: 7, action: 'buy' });
    expect(fewer.emotional_signature!.valence).toBeLessThan(-0.2);
    expect((await finance('holder')).portfolio.holdings).toMatchObject([{ ticker: 'NVDA', shares: 3 }]);
    const more = await told(asked!, 'I bought 2 shares of Tesla.');
    expect(more.metadata['portfolio']).toMatchObject({ ticker: 'TSLA', shares: 2 });
    expect((await finance('holder')).portfolio.holdings).toMatchObject([
      { ticker: 'NVDA', shares: 3 },
      { ticker: 'TSLA', shares: 2 },
    ]);
    expect((await told(asked!, 'I like the sea.')).metadata).not.toHaveProperty('portfolio');
    const notTheirs = await told(assistant!, 'I bought 50 shares of Intel.');
    expect(notTheirs.metadata).not.toHaveProperty('portfolio');
    expect((await finance('holder')).portfolio.total_holdings).toBe(1);

    // Deleted, a memory has no effect any more: what was sold was never bought.
    for (const id of [bought, goal]) await api.send('DELETE', `/v1/memories/${id}?user_id=holder`);
    expect(await finance('holder')).toBeNull();
  });
});

describe('the persona of a request', () => {
  beforeAll(async () => {
    await store('asker', [
      'I train for a marathon and sleep eight hours.',
      'My manager wants the slides on Friday.',
    ]);
  });

  it('is that of the question, swayed but not caged, and forced', async () => {
    const persona = async (query: string, context = {}) =>
      (await ask({ user_id: 'asker', query, persona_context: context })).persona;
    expect(await persona('How is my workout going?')).toMatchObject({ selected: 'health' });
    expect((await persona('How is my workout going?', { active_personas: ['finance'] })).selected).toBe(
      'health',
    );
    expect((await persona('What else?', { active_personas: ['partner'] })).selected).toBe('partner');
    expect(await persona('How is my workout going?', { forced_persona: 'expert' })).toMatchObject({
      selected: 'expert',
      confidence: 1,
    });
  });

  it('is remembered where a question is unclear, and says how it came about', async () => {
    const first = await ask({ user_id: 'asker', query: 'What does my manager expect at the office?' });
    expect(first.persona.selected).toBe('work');
    const second = await ask({ user_id: 'asker', query: 'And what else?' });
    expect(second.persona.selected).toBe('work');
    expect(second.persona.state_snapshot_id).toBe(first.persona.state_snapshot_id);
    await ask({
      user_id: 'asker',
      query: 'my slides',
      persona_context: { forced_persona: 'strategist', mood: 'calm' },
    });

    const { body } = await api.get('/v1/users/asker/persona');
    expect(body).toMatchObject({ user_id: 'asker', selected: 'strategist', confidence: 1, mood: 'calm' });
    expect(body.shifts[0]).toMatchObject({ persona: 'strategist', source: 'forced', requests: 1 });
    expect(body.shifts[1]).toMatchObject({
      state_snapshot_id: first.persona.state_snapshot_id,
      persona: 'work',
      source: 'remembered',
      requests: 2,
    });
    const tagged = body.evidence.map((one: { persona: string }) => one.persona);
    expect(tagged).toEqual(expect.arrayContaining(['health', 'work']));
    expect(body.evidence[0]).toMatchObject({ memories: 1, first: 1, memory_ids: [expect.any(String)] });
  });

  it('of somebody unknown is empty, and nothing is kept of them', async () => {
    const asked = await ask({ user_id: 'stranger', query: 'How is my workout going?' });
    expect(asked.persona).toEqual({
      selected: 'health',
      confidence: expect.any(Number),
      state_snapshot_id: null,
    });
    expect((await api.get('/v1/users/stranger/persona')).body).toEqual({
      user_id: 'stranger',
      selected: null,
      confidence: 0,
      state_snapshot_id: null,
      mood: null,
      evidence: [],
      shifts: [],
    });
  });
});

describe('a mood', () => {
  it('tilts the ranking, and every part of it is told', async () => {
    await store('moody', [
      'The rowing race was wonderful, I am so happy!',
      'The rowing race was terrible, I am so sad!',
    ]);
    const asked = async (mood: string) => {
      const answer = await ask({
        user_id: 'moody',
        query: 'How was the rowing race?',
        explain: true,
        persona_context: { forced_persona: 'partner', mood },
      });
      for (const link of answer.explainability.source_links)
        expect(link.semantic + link.temporal + link.importance + link.emotional).toBeCloseTo(link.score, 6);
      return answer;
    };
    const glad = await asked('positive');
    const low = await asked('negative');
    const linkOf = (answer: typeof glad, word: string) => {
      const { id } = answer.results.memories.find((one: Stored) => one.content.includes(word));
      return answer.explainability.source_links.find((link: { id: string }) => link.id === id);
    };
    expect(linkOf(glad, 'wonderful').score).toBeGreaterThan(linkOf(low, 'wonderful').score);
    expect(linkOf(glad, 'terrible').score).toBeLessThan(linkOf(low, 'terrible').score);
    const first = (answer: typeof glad): string => answer.results.memories[0].content;
    expect(first(glad)).toContain('wonderful');
    expect(first(low)).toContain('terrible');
    expect(linkOf(glad, 'wonderful').reason).toMatch(/felt as \w+, in tune with a positive mood/);
  });
});
