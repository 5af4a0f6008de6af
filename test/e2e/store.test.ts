import { apiClient, expectProblem, type ApiClient } from '../support/api-client';

import { items } from '../support/shapes';
import { startStack, type Stack } from '../support/stack';
const UI = 'http://ui.example:8233';

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { TEMPORAL_UI_URL: UI, STORE_WAIT_MS: '20000' } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

describe('POST /v1/store', () => {
  it('answers with the memories it made', async () => {
    const answer = await api.post('/v1/store', {
      user_id: 'ana',
      history: [
        {
          role: 'user',
          content: 'I adopted a cat called Miso.',
          name: 'Ana',
          message_id: 'm1',
          timestamp: '2024-03-01T09:00:00+01:00',
        },
        {
          role: 'assistant',
          content: 'Congratulations!',
          message_id: 'm2',
          timestamp: '2024-03-01T09:00:01+01:00',
        },
      ],
      conversation_id: 'cats',
      metadata: { channel: 'web', visits: 3 },
      persona_context: { forced_persona: 'relationships' },
    });
    expect(answer.status).toBe(200);
    const { memories, workflow_url, ...rest } = answer.body;
    expect(rest).toEqual({
      memories_created: 2,
      ids: [expect.any(String), expect.any(String)],
      summary: expect.stringMatching(/\S/),
      duplicates_avoided: 0,
      updates_made: 0,
      existing_memories_checked: 0,
      conversation_id: 'cats',
      workflow_id: expect.stringMatching(/^conversation:.*:ana:cats:[0-9a-f]{8}$/),
    });
    expect(workflow_url).toBe(`${UI}/namespaces/default/workflows/${encodeURIComponent(rest.workflow_id)}`);
    const [first] = items(memories);
    expect(memories.map((one: { id: string }) => one.id)).toEqual(rest.ids);
    expect(first).toMatchObject({
      content: 'I adopted a cat called Miso.',
      layer: 'short-term',
      type: 'explicit',
      created_at: '2024-03-01T08:00:00.000Z',
      source_message_ids: ['m1'],
      metadata: {
        conversation_id: 'cats',
        message_ids: ['m1'],
        message_roles: ['user'],
        batch_size: 1,
        channel: 'web',
        visits: 3,
      },
      score: 0,
      relevance: 0,
      matches: [],
    });
    expect(first?.metadata).not.toHaveProperty('aggregation');
    expect(first?.persona_tags[0]).toBe('relationships');
  });

  it('counts duplicates, and answers with the memories made before', async () => {
    const body = { user_id: 'dup', history: [{ role: 'user', content: 'I play chess.', message_id: 'm1' }] };
    const first = (await api.post('/v1/store', body)).body;
    const again = (await api.post('/v1/store', body)).body;
    expect(again).toMatchObject({ memories_created: 0, duplicates_avoided: 1, ids: first.ids });
    const more = {
      ...body,
      history: [...body.history, { role: 'user', content: 'And go.', message_id: 'm2' }],
    };
    const mixed = (await api.post('/v1/store', more)).body;
    expect(mixed).toMatchObject({ memories_created: 1, duplicates_avoided: 1 });
    expect(mixed.ids).toHaveLength(2);
    expect(mixed.ids[0]).toBe(first.ids[0]);
  });

  it('409 for a known id with other content, and stores nothing of that request', async () => {
    const say = (content: string, message_id: string): object => ({ role: 'user', content, message_id });
    await api.post('/v1/store', { user_id: 'reuse', history: [say('one', 'm1')] });
    const answer = await api.post('/v1/store', {
      user_id: 'reuse',
      history: [say('new', 'm0'), say('two', 'm1')],
    });
    expectProblem(answer, 409);
    expect(answer.body.errors).toEqual([{ path: 'history.1.message_id', message: expect.any(String) }]);
    const state = await api.get('/v1/conversations/reuse?user_id=reuse');
    expect(state.body.appended_through).toBe(1);
  });

  it.each([
    [{ conversation_id: 'a', metadata: { conversation_id: 'b' } }, 'a'],
    [{ metadata: { conversation_id: 'b' } }, 'b'],
    [{ metadata: {} }, 'defaults'],
    [{ conversation_id: null, metadata: null }, 'defaults'],
  ])('with %j the conversation is %s', async (more, expected) => {
    const answer = await api.post('/v1/store', {
      user_id: 'defaults',
      history: [{ role: 'user', content: 'Hello there' }],
      ...more,
    });
    expect(answer.body.conversation_id).toBe(expected);
    expect(answer.body.memories[0].metadata.conversation_id).toBe(expected);
  });
});
