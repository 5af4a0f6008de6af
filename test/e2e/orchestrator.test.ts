import { apiClient, type ApiClient } from '../support/api-client';

import { injections } from '../support/shapes';
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

describe('orchestrator', () => {
  const stream = (body: object) =>
    api.post('/v1/orchestrator/message', {
      conversation_id: 'today',
      metadata: { user_id: 'orla' },
      role: 'user',
      ...body,
    });

  it('injects what an earlier conversation said, once, and answers a duplicate the same', async () => {
    await api.post('/v1/store', {
      user_id: 'orla',
      conversation_id: 'before',
      history: [{ role: 'user', content: 'I am allergic to peanuts.' }],
    });
    const first = await stream({ content: 'Which foods am I allergic to?', message_id: 'q1', flush: true });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      conversation_id: 'today',
      message_id: 'q1',
      seq: 1,
      duplicate: false,
      flushed: true,
    });
    expect(injections(first.body.injections).map((one) => one.content)).toEqual([
      'I am allergic to peanuts.',
    ]);
    expect(first.body.workflow_url).toContain(UI);
    const again = await stream({ content: 'Which foods am I allergic to?', message_id: 'q1' });
    expect(again.body).toMatchObject({ seq: 1, duplicate: true, injections: first.body.injections });
    expect(again.body).not.toHaveProperty('flushed');
    expect(again.body).not.toHaveProperty('degraded');
    const other = await stream({ content: 'So what foods am I allergic to?', message_id: 'q2' });
    expect(other.body).toMatchObject({ seq: 2, injections: [] });
  });
  it('takes the conversation for the user when none is named, and any role', async () => {
    const answer = await api.post('/v1/orchestrator/message', {
      conversation_id: 'alone',
      role: 'assistant',
      content: 'Hello',
    });
    expect(answer.body).toMatchObject({ injections: [], seq: 1, message_id: expect.any(String) });
    expect((await api.get('/v1/conversations/alone?user_id=alone')).body.appended_through).toBe(1);
  });
  it('replays a transcript, in order, and a second time the same', async () => {
    await api.post('/v1/store', {
      user_id: 'otto',
      conversation_id: 'before',
      history: [{ role: 'user', content: 'I am allergic to peanuts.' }],
    });
    const body = {
      user_id: 'otto',
      conversation_id: 'transcript',
      history: [
        { role: 'user', content: 'What am I allergic to?', message_id: 't1' },
        { role: 'assistant', content: 'To peanuts.', message_id: 't2' },
      ],
    };
    const first = await api.post('/v1/orchestrator/transcript', body);
    expect(first.status).toBe(200);
    expect(injections(first.body.injections).map((one) => one.content)).toContain(
      'I am allergic to peanuts.',
    );
    expect(first.body).toMatchObject({
      accepted: 2,
      duplicates: 0,
      from_seq: 1,
      through_seq: 2,
      flushed: true,
    });
    const again = await api.post('/v1/orchestrator/transcript', body);
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 2, injections: first.body.injections });
  });
  it('retrieves the best without changing anything', async () => {
    const ask = (more: object) =>
      api.post('/v1/orchestrator/retrieve', {
        conversation_id: 'today',
        query: 'peanut allergy',
        metadata: { user_id: 'orla' },
        ...more,
      });
    const all = injections((await ask({})).body.injections);
    expect(all.length).toBeGreaterThan(1);
    expect(all.length).toBeLessThanOrEqual(6);
    expect(all[0]?.metadata).toEqual({ layer: 'short-term', conversation_id: 'today' });
    expect(all.map((one) => one.score)).toEqual(all.map((one) => one.score).sort((a, b) => b - a));
    expect((await ask({ limit: 1 })).body.injections).toEqual(all.slice(0, 1));
    expect((await ask({ limit: 1, offset: 1 })).body.injections).toEqual(all.slice(1, 2));
    expect((await ask({ offset: 1_000 })).body.injections).toEqual([]);
    expect((await api.get('/v1/conversations/today?user_id=orla')).body.appended_through).toBe(2);
  });
});
