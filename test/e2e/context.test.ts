import { countTokens } from '../../src/recall/context/tokens';
import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, startStack, type Stack } from '../support/stack';

const USER = 'context-user';
const DAY = '2024-01-0';

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
  const said: [conversation: string, day: number, name: string, content: string][] = [
    ['c1', 1, 'Ana', 'My name is Ana and I live in Porto.'],
    ['c1', 1, 'Bo', 'Nice to meet you, Ana.'],
    ['c1', 1, 'Ana', 'My sister Ines keeps bees on the roof.'],
    ['c2', 3, 'Ana', 'Ines sold forty jars of honey from her bees.'],
    ['c3', 5, 'Ana', 'My sister Ines keeps bees on the roof!'],
    ['c4', 6, 'Ana', 'I am training for a half marathon in Braga.'],
  ];
  for (const [n, [conversation, day, name, content]] of said.entries()) {
    const message = {
      role: name === 'Ana' ? 'user' : 'assistant',
      name,
      content,
      message_id: `m${n}`,
      timestamp: `${DAY}${day}T12:00:0${n}Z`,
    };
    const stored = await api.post('/v1/store', {
      user_id: USER,
      conversation_id: conversation,
      history: [message],
    });
    expect(stored.status).toBe(200);
  }
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const ask = async (more: object = {}) =>
  api.post('/v1/context', { user_id: USER, query: 'What about the bees of my sister?', ...more });

describe('POST /v1/context', () => {
  it('says who they are, then what answers, in the order of time, each thing once, with its sources', async () => {
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['context', 'sources', 'tokens']);
    const { context } = body;
    expect(context).toMatch(/^Who they are:\nSpeakers: Ana, Bo\n- My name is Ana and I live in Porto\.\n\n/);
    expect(context).toContain('Wed, 3 January 2024\nAna: Ines sold forty jars of honey from her bees.');
    expect(context.match(/keeps bees on the roof/g)).toHaveLength(1);
    expect(context.indexOf('1 January 2024')).toBeLessThan(context.indexOf('3 January 2024'));
    expect(body.tokens).toBe(countTokens(context));
    const named = body.sources.flatMap((source: { message_ids: string[] }) => source.message_ids);
    expect(named).toEqual(expect.arrayContaining(['m0', 'm3']));
    for (const source of body.sources) {
      const memory = await api.get(`/v1/memories/${source.memory_id}?user_id=${USER}`);
      expect(memory.status).toBe(200);
      expect(memory.body.source_message_ids).toEqual(expect.arrayContaining(source.message_ids));
    }
  });
  it.each([1, 10, 30, 60, 100])('keeps within %d tokens, the best first', async (maxTokens) => {
    const { body } = await ask({ max_tokens: maxTokens });
    expect(body.tokens).toBeLessThanOrEqual(maxTokens);
    expect(countTokens(body.context)).toBe(body.tokens);
    if (maxTokens >= 60) expect(body.context).toContain('bees');
  });
  it('leaves out what the model sees in the conversation it is asked in, and reads a follow-up by it', async () => {
    const seen = await ask({ conversation_id: 'c2' });
    expect(seen.body.context).not.toContain('forty jars');
    expect(seen.body.context).toContain('keeps bees on the roof');
    const followUp = await ask({ query: 'and when was that?', conversation_id: 'c3', max_tokens: 60 });
    expect(followUp.body.context).toContain('forty jars');
    expect(followUp.body.context).not.toContain('marathon');
  });
  it('gives small talk nothing but who they are', async () => {
    const { body } = await ask({ query: 'ok thanks' });
    expect(body.context).toMatch(/^Who they are:/);
    expect(body.context).not.toContain('What was said');
  });
  it('is empty for a user without memories', async () => {
    const { status, body } = await ask({ user_id: 'nobody' });
    expect(status).toBe(200);
    expect(body).toEqual({ context: '', tokens: 0, sources: [] });
  });
  it('forgets what was deleted', async () => {
    const before = await ask({ query: 'half marathon' });
    expect(before.body.context).toContain('Braga');
    const source = before.body.sources.find((one: { message_ids: string[] }) =>
      one.message_ids.includes('m5'),
    );
    await api.send('DELETE', `/v1/memories/${source.memory_id}?user_id=${USER}`);
    const after = await ask({ query: 'half marathon' });
    expect(after.body.context).not.toContain('Braga');
  });
  it.each([
    ['max_tokens', 0],
    ['max_tokens', -5],
    ['max_tokens', 100_001],
    ['max_tokens', 10.5],
    ['max_tokens', '100'],
    ['query', ' '],
    ['query', 7],
    ['user_id', ''],
    ['conversation_id', '..'],
    ['tone', 'kind'],
    ['persona_context.colour', undefined],
  ])('refuses %s %j by name', async (path, value) => {
    const more = path.startsWith('persona_context') ? { persona_context: { colour: 1 } } : { [path]: value };
    expectPath(await ask(more), path);
  });
  it('asks to be asked again while the index is away', async () => {
    const away = await startReadyApi({
      env: ownEnvironment({
        WEAVIATE_URL: 'http://127.0.0.1:9',
        WEAVIATE_GRPC: '127.0.0.1:9',
        EMBEDDER: 'none',
      }),
    });
    try {
      expectProblem(await apiClient(away.url).post('/v1/context', { user_id: USER, query: 'bees' }), 503);
    } finally {
      await away.stop();
    }
  });
});
