import { apiClient, expectPath, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const says = (content: string, message_id?: string): object => ({
  role: 'user',
  content,
  ...(message_id ? { message_id } : {}),
});
const append = (id: string, user: string, messages: object[], more: object = {}) =>
  api.post(`/v1/conversations/${id}/messages`, { user_id: user, messages, ...more });
const state = async (id: string, user: string) =>
  (await api.get(`/v1/conversations/${id}?user_id=${user}`)).body;

describe('POST /v1/conversations/{id}/messages', () => {
  it('accepts at once, counts duplicates and says where to look', async () => {
    const first = await append('talk', 'ana', [says('one', 'a'), says('two', 'b')]);
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({
      accepted: 2,
      duplicates: 0,
      from_seq: 1,
      through_seq: 2,
      workflow_id: expect.stringMatching(/^conversation:/),
      status_url: '/v1/conversations/talk?user_id=ana',
    });
    const second = await append('talk', 'ana', [says('two', 'b'), says('three', 'c')]);
    expect(second.body).toMatchObject({ accepted: 1, duplicates: 1, from_seq: 2, through_seq: 3 });
    await poll('indexed', 20_000, async () => (await state('talk', 'ana')).indexed_through === 3);
  });
  it('takes metadata of each message, and flushes when asked', async () => {
    await api.send('PUT', '/v1/conversations/meta/policy?user_id=ana', {
      ingestion: { low_volume_batch_size: 10, flush_interval_seconds: 86_400 },
    });
    await append('meta', 'ana', [{ ...says('tagged'), metadata: { channel: 'sms' } }], { flush: true });
    await poll('indexed', 20_000, async () => (await state('meta', 'ana')).indexed_through === 1);
    const { body } = await api.get('/v1/retrieve?user_id=ana&metadata_filter=channel:sms');
    expect(body.results.map((one: { content: string }) => one.content)).toEqual(['tagged']);
  });
  it('keeps the same id of two users apart', async () => {
    await append('same', 'user-1', [says('first')]);
    const other = await append('same', 'user-2', [says('second')]);
    expect(other.body).toMatchObject({ accepted: 1, from_seq: 1 });
    expect((await state('same', 'user-1')).workflow_id).not.toBe((await state('same', 'user-2')).workflow_id);
  });
});

describe('GET /v1/conversations/{id}/messages', () => {
  const turns = async (id: string, user: string, more = '') =>
    (await api.get(`/v1/conversations/${id}/messages?user_id=${user}${more}`)).body;
  const contents = (page: { messages: { content: string }[] }): string[] =>
    page.messages.map((one) => one.content);

  it('gives what was said, in order, from the latest page back to the first', async () => {
    await api.send('PUT', '/v1/conversations/log/policy?user_id=lou', {
      ingestion: { low_volume_batch_size: 10, flush_interval_seconds: 86_400 },
    });
    const timestamp = '2024-05-08T10:00:00.000Z';
    const first = { ...says('one', 'a'), name: 'Lou', timestamp, metadata: { topic: 'x' } };
    await append('log', 'lou', [first, ...['two', 'three', 'four', 'five'].map((word) => says(word))]);
    const latest = await turns('log', 'lou', '&limit=2');
    expect(latest).toMatchObject({ conversation_id: 'log', user_id: 'lou', next_before_seq: 4 });
    expect(contents(latest)).toEqual(['four', 'five']);
    const before = await turns('log', 'lou', `&limit=2&before_seq=${latest.next_before_seq}`);
    expect(contents(before)).toEqual(['two', 'three']);
    const begin = await turns('log', 'lou', `&limit=2&before_seq=${before.next_before_seq}`);
    expect(begin).toMatchObject({
      messages: [
        {
          seq: 1,
          message_id: 'a',
          role: 'user',
          name: 'Lou',
          content: 'one',
          timestamp,
          metadata: { topic: 'x' },
        },
      ],
      next_before_seq: null,
    });
    // Indexed or not, it was said.
    await api.post('/v1/conversations/log/flush?user_id=lou');
    expect(contents(await turns('log', 'lou'))).toEqual(['one', 'two', 'three', 'four', 'five']);
  });
  it('leaves out what was deleted, what is another’s, and all of who was erased', async () => {
    const stored = await api.post('/v1/store', {
      user_id: 'max',
      conversation_id: 'kept',
      history: [says('secret'), says('plain')],
    });
    await append('kept', 'mia', [says('hers')]);
    await api.send('DELETE', `/v1/memories/${stored.body.ids[0]}?user_id=max`);
    expect(contents(await turns('kept', 'max'))).toEqual(['plain']);
    const { body: told } = await api.get(`/v1/retrieve?user_id=max`);
    await api.send('PATCH', `/v1/memories/${told.results[0].id}?user_id=max`, { ttl_seconds: 1 });
    await poll('it has expired', 20_000, async () => contents(await turns('kept', 'max')).length === 0);
    expect(contents(await turns('kept', 'mia'))).toEqual(['hers']);
    await api.send('DELETE', '/v1/users/mia');
    expect(await turns('kept', 'mia')).toEqual({
      conversation_id: 'kept',
      user_id: 'mia',
      messages: [],
      next_before_seq: null,
    });
  });
  it('names what is wrong', async () => {
    const path = '/v1/conversations/c/messages?user_id=lou';
    expectPath(await api.get(`${path}&limit=1001`), 'limit', /between 1 and 1000/);
    expectPath(await api.get(`${path}&before_seq=0`), 'before_seq');
    expectPath(await api.get('/v1/conversations/c/messages'), 'user_id');
  });
});

describe('GET /v1/conversations/{id}', () => {
  it('shows what is buffered, until when, and by which policy', async () => {
    await api.send('PUT', '/v1/conversations/slow/policy?user_id=ben', {
      ingestion: { low_volume_batch_size: 5, flush_interval_seconds: 3_600 },
    });
    const before = Date.now();
    await append('slow', 'ben', [says('one'), says('two')]);
    const shown = await state('slow', 'ben');
    expect(shown).toMatchObject({
      conversation_id: 'slow',
      user_id: 'ben',
      phase: 'buffering',
      appended_through: 2,
      indexed_through: 0,
      pending: 2,
      failed: [],
      volume: 'low',
      workflow_id: expect.any(String),
    });
    const windowMs = Date.parse(shown.next_flush_at) - before;
    expect(windowMs).toBeGreaterThan(3_590_000);
    expect(windowMs).toBeLessThan(3_660_000);
    expect(shown.policy.ingestion).toMatchObject({
      low_volume_batch_size: 5,
      flush_interval_seconds: 3_600,
      max_buffer_size: 15,
    });
    expect(shown.policy.retrieval.min_similarity).toBe(0.55);
  });
  it('reads an unknown one as empty', async () => {
    expect(await state('nothing', 'nobody')).toMatchObject({
      phase: 'idle',
      appended_through: 0,
      indexed_through: 0,
      pending: 0,
      failed: [],
      next_flush_at: null,
      volume: 'low',
    });
  });
});

describe('POST …/flush and …/retry', () => {
  it('flushes that one only, waits, and needs no body', async () => {
    for (const id of ['flushed', 'waiting']) {
      await api.send('PUT', `/v1/conversations/${id}/policy?user_id=cleo`, {
        ingestion: { low_volume_batch_size: 9, flush_interval_seconds: 86_400 },
      });
      await append(id, 'cleo', [says('one'), says('two')]);
    }
    const answer = await api.send('POST', '/v1/conversations/flushed/flush?user_id=cleo');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      flushed: true,
      through_seq: 2,
      conversation_id: 'flushed',
      user_id: 'cleo',
      workflow_id: expect.any(String),
    });
    expect(await state('flushed', 'cleo')).toMatchObject({ phase: 'idle', indexed_through: 2, pending: 0 });
    expect(await state('waiting', 'cleo')).toMatchObject({
      phase: 'buffering',
      indexed_through: 0,
      pending: 2,
    });
    const { body } = await api.get('/v1/retrieve?user_id=cleo');
    expect(body.results).toEqual([
      expect.objectContaining({
        content: 'user: one\nuser: two',
        metadata: expect.objectContaining({ aggregation: 'batched_transcript', batch_size: 2 }),
      }),
    ]);
  });
  it.each([{}, undefined])('is harmless for an unknown conversation (body %j)', async (body) => {
    const answer = await api.post('/v1/conversations/never/flush?user_id=cleo', body);
    expect(answer).toMatchObject({ status: 200, body: { flushed: true, through_seq: 0 } });
  });
  it('retries nothing where nothing failed', async () => {
    const answer = await api.send('POST', '/v1/conversations/flushed/retry?user_id=cleo');
    expect(answer).toMatchObject({
      status: 202,
      body: { retried: [], workflow_id: expect.any(String), status_url: expect.any(String) },
    });
  });
});

describe('PUT …/policy', () => {
  const put = (body: object) => api.send('PUT', '/v1/conversations/tuned/policy?user_id=dora', body);
  it('may come before the first message, changes only what is given, and answers with all', async () => {
    const first = await put({ ingestion: { high_volume_cutoff: 30 } });
    expect(first.status).toBe(200);
    expect(first.body.ingestion).toEqual({
      low_volume_cutoff: 6,
      high_volume_cutoff: 30,
      low_volume_batch_size: 1,
      medium_volume_batch_size: 3,
      high_volume_batch_size: 5,
      flush_interval_seconds: 30,
      max_buffer_size: 15,
    });
    expect(first.body.retrieval).toEqual({
      min_similarity: 0.55,
      max_injections_per_message: 3,
      reinjection_cooldown_turns: 6,
      lookback_messages: 4,
    });
    const second = await put({ retrieval: { min_similarity: 0.7 } });
    expect(second.body).toMatchObject({
      ingestion: { high_volume_cutoff: 30 },
      retrieval: { min_similarity: 0.7, lookback_messages: 4 },
    });
    expect((await state('tuned', 'dora')).policy).toEqual({
      ingestion: second.body.ingestion,
      retrieval: second.body.retrieval,
    });
  });
  it('needs no body, and then changes nothing', async () => {
    const path = '/v1/conversations/asked/policy?user_id=dora';
    const { body } = await api.send('PUT', path, { retrieval: { min_similarity: 0.6 } });
    expect(await api.send('PUT', path)).toMatchObject({ status: 200, body });
  });
  it('applies to what is pending', async () => {
    await api.send('PUT', '/v1/conversations/shrunk/policy?user_id=dora', {
      ingestion: { low_volume_batch_size: 9, flush_interval_seconds: 86_400 },
    });
    await append('shrunk', 'dora', [says('one'), says('two')]);
    await api.send('PUT', '/v1/conversations/shrunk/policy?user_id=dora', {
      ingestion: { low_volume_batch_size: 1 },
    });
    await poll('indexed', 20_000, async () => (await state('shrunk', 'dora')).indexed_through === 2);
  });
});

describe('GET /v1/users/{user_id}/conversations', () => {
  it('pages through all of them, the newest first', async () => {
    const ids = Array.from({ length: 7 }, (_, n) => `conv-${n}`);
    for (const id of ids) await append(id, 'fay', [says(`hello from ${id}`)]);
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 10; pages += 1) {
      const { status, body } = await api.get(
        `/v1/users/fay/conversations?limit=3${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      expect(status).toBe(200);
      expect(body.user_id).toBe('fay');
      seen.push(...body.conversations.map((one: { conversation_id: string }) => one.conversation_id));
      cursor = body.next_cursor as string | null;
    }
    expect(seen).toEqual([...ids].reverse());
  });
  it('is empty for an unknown user, and 422 for a cursor it never gave', async () => {
    expect((await api.get('/v1/users/nobody/conversations')).body).toEqual({
      user_id: 'nobody',
      conversations: [],
      next_cursor: null,
    });
    for (const cursor of ['x', 'W10', Buffer.from('["2024-99-99 00:00:00+00","c"]').toString('base64url')]) {
      expect((await api.get(`/v1/users/fay/conversations?cursor=${cursor}`)).status).toBe(422);
    }
  });
});
