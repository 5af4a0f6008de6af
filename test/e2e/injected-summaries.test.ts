import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { items } from '../support/shapes';
import { startStack, type Stack } from '../support/stack';

const USER = 'baker';
const SUMMARY_DEADLINE_MS = 30_000;
const ASKED = 'What has been going on with the bakery?';
const SAID = [
  'The bakery got a new oven this week.',
  'The bakery hired two more people.',
  'The bakery opens on Sundays now.',
  'I bought a blue bicycle.',
];

interface Told {
  memory_id: string;
  content: string;
  source: string;
  metadata: { layer: string };
}

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
  const history = SAID.map((content, n) => ({
    role: 'user',
    content,
    message_id: `m${n}`,
    timestamp: `2024-05-01T10:0${n}:00Z`,
  }));
  const stored = await api.post('/v1/store', { user_id: USER, conversation_id: 'talk', history });
  expect(stored.status).toBe(200);
  await poll('the talk has a summary', SUMMARY_DEADLINE_MS, async () => {
    const { body } = await api.get(`/v1/users/${USER}/summaries?tier=episodic`);
    return (body.summaries as unknown[]).length > 0;
  });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const ask = async (conversation: string, content: string, messageId = 'asked'): Promise<Told[]> => {
  const { status, body } = await api.post('/v1/orchestrator/message', {
    conversation_id: conversation,
    role: 'user',
    content,
    message_id: messageId,
    metadata: { user_id: USER },
  });
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.injections as Told[];
};
const summariesIn = (told: readonly Told[]): Told[] =>
  told.filter((one) => one.metadata.layer === 'episodic');

/** Which of what was said a text tells, in the third person or as it was said. */
const toldIn = (text: string): string[] =>
  SAID.filter((said) => text.toLowerCase().includes(said.replace(/^I |\.$/g, '').toLowerCase()));

it('a summary answers a broad question in place of what it says something of', async () => {
  const told = await ask('broad', ASKED);
  const [summary, ...others] = summariesIn(told);
  expect(others).toEqual([]);
  expect(summary).toMatchObject({ source: 'system' });
  const tells = toldIn(summary!.content);
  expect(tells.length).toBeGreaterThanOrEqual(2);
  const rest = told.filter((one) => one !== summary).map((one) => one.content);
  expect(rest.filter((content) => tells.includes(content))).toEqual([]);
});

it('a question for one thing is answered by the memory of it', async () => {
  const told = await ask('narrow', 'When did the bakery get a new oven?');
  expect(told[0]?.content).toBe('The bakery got a new oven this week.');
  expect(summariesIn(told)).toEqual([]);
});

it('what is deleted does not come back by a summary, stored or made anew', async () => {
  const [summary] = summariesIn(await ask('deleted', ASKED));
  const gone = toldIn(summary!.content)[0]!;
  const found = await api.post('/v1/retrieve', { user_id: USER, query: gone });
  const { id } = items(found.body.results.memories).find((one) => one.content === gone)!;
  expect((await api.send('DELETE', `/v1/memories/${id}?user_id=${USER}`)).status).toBe(200);
  for (const conversation of ['broad', 'deleted']) {
    const again = await ask(conversation, ASKED);
    expect(summariesIn(again)).toEqual([]);
  }
  const later = await ask('later', ASKED);
  expect(later.length).toBeGreaterThan(0);
  expect(later.flatMap((one) => toldIn(one.content))).not.toContain(gone);
});
