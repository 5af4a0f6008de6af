import { randomUUID } from 'node:crypto';
import { MemoryClient, NotFoundError, type ImportLine, type InjectionEvent } from '../../src/client';
import { poll } from '../support/poll';
import { items } from '../support/shapes';
import { startStack, type Stack } from '../support/stack';

const DEADLINE_MS = 30_000;

let stack: Stack;
let client: MemoryClient;
const userId = `client-${randomUUID()}`;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  client = new MemoryClient({ baseUrl: stack.url });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

it('stores, retrieves and recalls', async () => {
  const stored = await client.store({
    user_id: userId,
    conversation_id: 'c 1/ä',
    history: [{ role: 'user', content: 'My dog is called Pepper.' }],
  });
  expect(stored).toMatchObject({ memories_created: 1, conversation_id: 'c 1/ä' });
  const { results, pagination } = await client.retrieve({ user_id: userId, query: 'What is my dog called?' });
  expect(items(results)[0]!.content).toBe('My dog is called Pepper.');
  expect(pagination).toMatchObject({ total: 1, limit: 10 });
  const recalled = await client.recall({
    user_id: userId,
    query: 'dog',
    explain: true,
    include_narrative: true,
    persona_context: { forced_persona: 'identity' },
  });
  expect(recalled.persona.selected).toBe('identity');
  expect(recalled.results.narrative).toContain('Pepper');
  expect(recalled.explainability!.source_links).toHaveLength(1);
  const filtered = await client.retrieve({
    user_id: userId,
    metadata_filter: ['conversation_id:c 1/ä', 'batch_size:1'],
    created_after: '2020-01-01T00:00:00Z',
  });
  expect(filtered.pagination.total).toBe(1);
});

it('appends, flushes, sets a policy and looks at a conversation', async () => {
  const key = { user_id: userId, conversation_id: 'c 1/ä' };
  const messages = [{ role: 'assistant' as const, content: 'Noted.', message_id: 'n1' }];
  const first = await client.messages({ ...key, messages });
  expect(first).toMatchObject({ accepted: 1, duplicates: 0, through_seq: 2 });
  expect(await client.messages({ ...key, messages })).toMatchObject({ accepted: 0, duplicates: 1 });
  expect(await client.flush(key)).toMatchObject({ flushed: true, through_seq: 2 });
  const changed = await client.setPolicy(key, { retrieval: { lookback_messages: 2 } });
  expect(changed.retrieval.lookback_messages).toBe(2);
  expect(await client.conversation(key)).toMatchObject({ pending: 0, appended_through: 2 });
  expect(await client.retry(key)).toMatchObject({ retried: [] });
  const { conversations } = await client.users.conversations(userId, { limit: 5 });
  expect(conversations.map((one) => one.conversation_id)).toEqual(['c 1/ä']);
});

it('gets and deletes a memory, and throws where there is none', async () => {
  const { results } = await client.retrieve({ user_id: userId, query: 'Pepper' });
  const { id } = results[0]!;
  expect(await client.memories.get(userId, id)).toMatchObject({ id, content: 'My dog is called Pepper.' });
  await expect(client.memories.get('somebody-else', id)).rejects.toThrow(NotFoundError);
  expect(await client.memories.delete(userId, id)).toEqual({ id, deleted: true });
  await expect(client.memories.get(userId, id)).rejects.toThrow(NotFoundError);
});

it.each(['a list', 'a stream'])('imports %s, and follows it', async (how) => {
  const user = `import-${randomUUID()}`;
  const lines = Array.from({ length: 30 }, (_, i): ImportLine => ({
    user_id: user,
    conversation_id: 'old',
    role: 'user',
    content: `Note ${i}`,
    message_id: `m${i}`,
  }));
  const streamed = async function* (): AsyncGenerator<ImportLine> {
    yield* lines;
    yield { user_id: user, conversation_id: 'old', role: 'user', content: ' ' };
  };
  const received = await client.imports.send(how === 'a list' ? lines : streamed());
  expect(received).toMatchObject({ accepted: 30, rejected: how === 'a list' ? 0 : 1 });
  const ended = await poll('the import has ended', DEADLINE_MS, async () => {
    const status = await client.imports.get(received.import_id);
    return status.status.startsWith('completed') && status;
  });
  expect(ended.totals).toMatchObject({ indexed: 30, pending: 0 });
  const rejections = [];
  for await (const rejection of client.imports.rejections(received.import_id))
    rejections.push(rejection.line);
  expect(rejections).toEqual(how === 'a list' ? [] : [31]);
  expect((await client.imports.list({ limit: 5 })).imports.map((one) => one.import_id)).toContain(
    received.import_id,
  );
});

it('follows injections until it is told to stop', async () => {
  const user = `follow-${randomUUID()}`;
  const history = [{ role: 'user' as const, content: 'I am allergic to peanuts.' }];
  await client.store({ user_id: user, conversation_id: 'before', history });
  const stop = new AbortController();
  const events: InjectionEvent[] = [];
  let isOpen = false;
  const following = (async () => {
    const key = { user_id: user, conversation_id: 'now' };
    const options = { signal: stop.signal, onOpen: () => (isOpen = true) };
    for await (const event of client.injections(key, options)) events.push(event);
  })();
  await poll('the stream stands', DEADLINE_MS, async () => isOpen);
  const answer = await client.streamMessage({
    conversation_id: 'now',
    role: 'user',
    content: 'Which foods am I allergic to?',
    metadata: { user_id: user },
  });
  await poll('it came', DEADLINE_MS, async () => events.length > 0);
  stop.abort();
  await following;
  expect(events.map((one) => one.injection)).toEqual(answer.injections);
  expect(Math.floor(events[0]!.id / 1_000)).toBe(answer.seq);
  const top = await client.topInjections({
    conversation_id: 'now',
    query: 'allergy peanuts',
    metadata: { user_id: user },
    limit: 1,
  });
  expect(top.injections.map((one) => one.content)).toEqual(['I am allergic to peanuts.']);
  expect((await client.health()).status).toBe('ok');
});
