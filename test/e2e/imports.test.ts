import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Pool } from 'pg';
import { conversationWorkflowId } from '../../src/domain/ids';
import { importWorkflowId } from '../../src/domain/import';
import { createPool } from '../../src/record/pool';
import { createTemporalClient } from '../../src/temporal/connection';
import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import {
  LINES,
  importEnded,
  importView,
  ndjson,
  rejectionsOf,
  sendImport,
  type ImportAnswer,
  type ImportLineBody,
} from '../support/import-client';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';
import { startStubEmbeddingServer, type StubEmbeddingServer } from '../support/stub-embedding-server';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2021-03-01T08:00:00Z');

let embedder: StubEmbeddingServer;
let stack: Stack;
let api: ApiClient;
let pool: Pool;
beforeAll(async () => {
  embedder = await startStubEmbeddingServer();
  stack = await startStack({
    env: {
      EMBEDDER: 'openai',
      EMBEDDER_URL: embedder.url,
      EMBEDDER_DIMENSIONS: '64',
      STORE_WAIT_MS: '20000',
      FLUSH_INTERVAL_MS: '2000',
    },
  });
  api = apiClient(stack.url);
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 4 });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
  await embedder?.close();
}, 60_000);

let users = 0;
const newUser = (): string => `importer-${(users += 1)}`;

/** `count` messages of a conversation, so near each other that no window ends between them. */
function talk(user: string, conversation: string, count: number, from = 0): ImportLineBody[] {
  return Array.from({ length: count }, (_, i) => ({
    user_id: user,
    conversation_id: conversation,
    role: (from + i) % 2 === 0 ? 'user' : 'assistant',
    content: `${conversation} turn ${from + i} about the lighthouse`,
    timestamp: new Date(START_MS + (from + i) * 50).toISOString(),
  }));
}

const ended = (id: string): Promise<ImportAnswer> => importEnded(stack.url, id);

async function batchesOf(
  user: string,
  conversation: string,
): Promise<{ first_seq: number; last_seq: number; status: string; failure_reason: string | null }[]> {
  const result = await pool.query(
    `SELECT first_seq, last_seq, status, failure_reason FROM batches
      WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 ORDER BY first_seq`,
    [stack.namespace, user, conversation],
  );
  return result.rows;
}

describe('a file of messages', () => {
  it('is stored as it comes, indexed, and has the dates of its messages', async () => {
    const user = newUser();
    const lines = [...talk(user, 'a', 30), ...talk(user, 'b', 7)];
    const sent = await sendImport(stack.url, ndjson(lines));
    expect(sent).toEqual({
      status: 202,
      body: {
        import_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        lines: 37,
        messages: 37,
        accepted: 37,
        duplicates: 0,
        rejected: 0,
        workflow_id: `import:${sent.body.import_id}`,
        ...(sent.body.workflow_url ? { workflow_url: expect.any(String) } : {}),
        status_url: `/v1/imports/${sent.body.import_id}`,
      },
    });
    const view = await ended(sent.body.import_id);
    expect(view).toMatchObject({
      status: 'completed',
      totals: { lines: 37, accepted: 37, indexed: 37, failed: 0, pending: 0 },
      waiting_for: null,
      seconds_left: 0,
    });
    // By size as live ones would: 1@1 … 1@6, 3@9 … 3@18, 5@23, 5@28, and the tail at the end of the import.
    expect((await batchesOf(user, 'a')).map((batch) => batch.last_seq)).toEqual([
      1, 2, 3, 4, 5, 6, 9, 12, 15, 18, 23, 28, 30,
    ]);
    const before = await api.get(
      `/v1/retrieve?user_id=${user}&limit=100&created_before=${new Date(START_MS + 150).toISOString()}`,
    );
    expect(before.body.pagination.total).toBe(6);
    const after = await api.get(`/v1/retrieve?user_id=${user}&created_after=2022-01-01T00:00:00Z`);
    expect(after.body.pagination.total).toBe(0);
  });

  it('sent again changes nothing, with ids or without, and repeated messages are told apart', async () => {
    const user = newUser();
    const said = { user_id: user, conversation_id: 'c', role: 'user', content: 'ok' };
    const lines = [...talk(user, 'c', 12), said, said, { ...said, message_id: 'own' }, said];
    const first = await sendImport(stack.url, ndjson(lines));
    expect(first.body).toMatchObject({ messages: 16, accepted: 16, duplicates: 0 });
    const second = await sendImport(stack.url, ndjson(lines));
    expect(second.body).toMatchObject({ messages: 16, accepted: 0, duplicates: 16, rejected: 0 });
    expect((await ended(first.body.import_id)).status).toBe('completed');
    expect(await ended(second.body.import_id)).toMatchObject({
      status: 'completed',
      totals: { accepted: 0, duplicates: 16, indexed: 0 },
    });
  });

  it('keeps what a cut connection brought, and the same file completes it', async () => {
    const user = newUser();
    const lines = talk(user, 'cut', 40);
    const text = ndjson(lines);
    const sending = request(`${stack.url}/v1/imports`, { method: 'POST', headers: LINES });
    sending.on('error', () => undefined);
    sending.write(text.slice(0, Math.floor(text.length / 2)));
    const newest = async (): Promise<ImportAnswer> =>
      (await api.get('/v1/imports?limit=1')).body.imports[0] as ImportAnswer;
    // What a slow sender has sent is stored before the rest comes.
    const receiving = await poll('the first half is stored', 20_000, async () => {
      const one = await newest();
      return one.status === 'receiving' && one.totals.accepted > 0 && one;
    });
    expect(receiving.waiting_for === null || receiving.waiting_for === 'more lines').toBe(true);
    sending.destroy();
    const cut = await poll('the cut import goes on', 20_000, async () => {
      const one = await newest();
      return one.import_id === receiving.import_id && one.status !== 'receiving' && one;
    });
    const view = await ended(cut.import_id);
    expect(view.totals.accepted).toBeGreaterThanOrEqual(15);
    expect(view.totals.indexed).toBe(view.totals.accepted);
    const again = await sendImport(stack.url, text);
    expect(again.body).toMatchObject({
      duplicates: view.totals.accepted,
      accepted: 40 - view.totals.accepted,
    });
    await ended(again.body.import_id);
    const stored = await pool.query(
      'SELECT content FROM messages WHERE namespace = $1 AND user_id = $2 ORDER BY seq',
      [stack.namespace, user],
    );
    expect(stored.rows.map((row) => row.content)).toEqual(lines.map((line) => line.content));
  });

  it('is unpacked: by Content-Encoding, and by its first bytes', async () => {
    const user = newUser();
    const packed = gzipSync(ndjson(talk(user, 'z', 9)));
    const encoded = await sendImport(stack.url, packed, {
      headers: { ...LINES, 'Content-Encoding': 'gzip' },
    });
    expect(encoded.body).toMatchObject({ accepted: 9 });
    const typed = await sendImport(stack.url, packed, { headers: { 'Content-Type': 'application/gzip' } });
    expect(typed.body).toMatchObject({ accepted: 0, duplicates: 9 });
    const cut = await sendImport(stack.url, packed.subarray(0, packed.length - 12), {
      headers: { ...LINES, 'Content-Encoding': 'gzip' },
    });
    expect(cut).toMatchObject({ status: 400, body: { title: 'Broken gzip' } });
    await ended(encoded.body.import_id);
  });

  it('may be imported twice at the same time: each line is stored once', async () => {
    const user = newUser();
    const lines = Array.from({ length: 60 }, (_, k) =>
      talk(user, `twice-${k % 30}`, 40, 40 * Math.floor(k / 30)),
    );
    const forwards = ndjson(lines.flat());
    const shuffled = ndjson([...lines.slice(30), ...lines.slice(0, 30)].flat().reverse());
    const answers = await Promise.all([
      sendImport(stack.url, forwards),
      sendImport(stack.url, shuffled),
      sendImport(stack.url, forwards),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
    const accepted = answers.map((answer) => answer.body.accepted as number);
    expect(accepted.reduce((sum, n) => sum + n)).toBe(2_400);
    expect(answers.every((answer) => answer.body.rejected === 0)).toBe(true);
    for (const answer of answers)
      expect(await ended(answer.body.import_id)).toMatchObject({ status: 'completed' });
    expect(await census(pool, stack.namespace)).toMatchObject({ outsideOneBatch: 0, brokenConversations: 0 });
  }, 90_000);
});

describe('lines that are wrong', () => {
  it('are rejected one by one, with their numbers and reasons', async () => {
    const user = newUser();
    const good = (i: number) => ({
      user_id: user,
      conversation_id: 'mixed',
      role: 'user',
      content: `good ${i}`,
      message_id: `m${i}`,
    });
    const lines = [
      good(1),
      '{"user_id": "x", ',
      '',
      { ...good(4), content: undefined },
      { ...good(5), timestamp: '2024-01-01T10:00:00' },
      { ...good(6), content: 'x'.repeat(32_769) },
      { ...good(7), user_id: undefined },
      { ...good(1), content: 'something else' },
      { ...good(9), role: 'robot' },
      { ...good(10), timestmp: '2024-01-01T10:00:00Z' },
      '"a string"',
      `{"user_id":"${user}","conversation_id":"mixed","role":"user","content":"nul \\u0000 here"}`,
      JSON.stringify({ ...good(13), metadata: { text: 'y'.repeat(17_000) } }),
      'z'.repeat(2 * 1024 * 1024 + 1),
      {
        user_id: user,
        conversation_id: 'mixed',
        history: [
          { role: 'user', content: 'new' },
          { role: 'user', content: ' ' },
        ],
      },
      {
        user_id: user,
        conversation_id: 'mixed',
        history: [
          { role: 'user', content: 'another', message_id: 'm1' },
          { role: 'user', content: 'whole line', message_id: 'm99' },
        ],
      },
      good(17),
    ];
    const sent = await sendImport(stack.url, ndjson(lines));
    expect(sent).toMatchObject({
      status: 202,
      body: { lines: 16, messages: 16, accepted: 2, duplicates: 0, rejected: 14 },
    });
    const rejections = await rejectionsOf(stack.url, sent.body.import_id);
    expect(rejections).toEqual([
      { line: 2, reason: 'is not valid JSON' },
      { line: 4, reason: 'content: is required' },
      { line: 5, reason: expect.stringMatching(/^timestamp: must be an RFC 3339 time with an offset/) },
      { line: 6, reason: 'content: must have at most 32768 characters' },
      { line: 7, reason: 'user_id: is required' },
      { line: 8, reason: 'message_id: is already known in this conversation with other content' },
      { line: 9, reason: expect.stringMatching(/^role: must be one of/) },
      { line: 10, reason: 'timestmp: is not a field of this request' },
      { line: 11, reason: 'must be of type object, not string' },
      { line: 12, reason: 'content: must not contain NUL or lone surrogates' },
      { line: 13, reason: 'metadata: must take at most 16384 bytes as JSON' },
      { line: 14, reason: 'is longer than 2097152 bytes' },
      { line: 15, reason: 'history.1.content: must not be blank' },
      { line: 16, reason: 'message_id: is already known in this conversation with other content' },
    ]);
    expect(await ended(sent.body.import_id)).toMatchObject({
      status: 'completed_with_errors',
      totals: { accepted: 2, indexed: 2 },
    });
  });

  it('stop everything when asked to', async () => {
    const user = newUser();
    const lines = [...talk(user, 'abort', 3), 'broken', ...talk(user, 'abort', 3, 3)];
    const sent = await sendImport(stack.url, ndjson(lines), { query: '?on_error=abort' });
    expect(sent).toMatchObject({
      status: 422,
      body: { title: 'Import aborted', errors: [{ path: 'line 4', message: 'is not valid JSON' }] },
    });
    const reused = [
      { ...talk(user, 'abort2', 1)[0], message_id: 'm' },
      { ...talk(user, 'abort2', 1, 1)[0], message_id: 'm' },
      ...talk(user, 'abort2', 1, 2),
    ];
    const conflicting = await sendImport(stack.url, ndjson(reused), { query: '?on_error=abort' });
    expect(conflicting).toMatchObject({ status: 422, body: { errors: [{ path: 'line 2' }] } });
    const stored = await pool.query(
      'SELECT conversation_id, count(*)::int AS n FROM messages WHERE namespace = $1 AND user_id = $2 GROUP BY 1 ORDER BY 1',
      [stack.namespace, user],
    );
    expect(stored.rows).toEqual([
      { conversation_id: 'abort', n: 3 },
      { conversation_id: 'abort2', n: 1 },
    ]);
  });
});

describe('transcripts as lines', () => {
  it('keep their order, share their metadata, and fall back to the user as conversation', async () => {
    const user = newUser();
    const transcript = {
      user_id: user,
      history: [
        { role: 'user', content: 'one', message_id: 't1', timestamp: '2020-05-01T10:00:00Z' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'one', message_id: 't1' },
      ],
      metadata: { channel: 'letters' },
      persona_context: { forced_persona: 'health' },
    };
    const sent = await sendImport(stack.url, ndjson([transcript]));
    expect(sent.body).toMatchObject({ lines: 1, messages: 3, accepted: 2, duplicates: 1, rejected: 0 });
    await ended(sent.body.import_id);
    const found = await api.get(`/v1/retrieve?user_id=${user}&sort=oldest`);
    expect(found.body.results[0]).toMatchObject({
      content: 'one',
      created_at: '2020-05-01T10:00:00.000Z',
      persona_tags: expect.arrayContaining(['health']),
      metadata: { channel: 'letters', conversation_id: user },
    });
  });

  it('are tagged by the personas that are active where they are unclear', async () => {
    const history = [{ role: 'user', content: 'Okay, thanks, bye!' }];
    const transcript = { user_id: 'active', history, persona_context: { active_personas: ['friend'] } };
    await ended((await sendImport(stack.url, ndjson([transcript]))).body.import_id);
    const found = await api.get('/v1/retrieve?user_id=active');
    expect(found.body.results[0].persona_tags[0]).toBe('friend');
  });

  it('take the user of the query for lines without one', async () => {
    const user = newUser();
    const line = { conversation_id: 'q', role: 'user', content: 'hello' };
    const sent = await sendImport(stack.url, ndjson([line]), { query: `?user_id=${user}` });
    expect(sent.body).toMatchObject({ accepted: 1 });
    const view = await api.get(`/v1/conversations/q?user_id=${user}`);
    expect(view.body.appended_through).toBe(1);
  });
});

describe('windows', () => {
  it('go by the messages’ own times: a later one starts a new batch, one without a time stays', async () => {
    const user = newUser();
    const at = (ms: number | null, content: string) => ({
      user_id: user,
      conversation_id: 'w',
      role: 'user',
      content,
      ...(ms === null ? {} : { timestamp: new Date(START_MS + ms).toISOString() }),
    });
    await api.send('PUT', `/v1/conversations/w/policy?user_id=${user}`, {
      ingestion: { low_volume_batch_size: 10, flush_interval_seconds: 60 },
    });
    const lines = [
      at(0, 'a'),
      at(30_000, 'b'),
      at(60_000, 'c'),
      at(60_001, 'd'),
      at(null, 'e'),
      at(5_000, 'f'),
      at(DAY_MS, 'g'),
    ];
    const sent = await sendImport(stack.url, ndjson(lines));
    await ended(sent.body.import_id);
    expect((await batchesOf(user, 'w')).map(({ first_seq, last_seq }) => [first_seq, last_seq])).toEqual([
      [1, 3],
      [4, 6],
      [7, 7],
    ]);
  });
});

describe('a running import', () => {
  /** 40 conversations of 100: more than the window holds. */
  const many = (user: string): string =>
    ndjson(Array.from({ length: 40 }, (_, k) => talk(user, `many-${k}`, 100)).flat());

  it('pauses, resumes, and takes live messages into its conversations meanwhile', async () => {
    const user = newUser();
    embedder.behaviour = { kind: 'answer', latencyMs: 300 };
    const sent = await sendImport(stack.url, many(user));
    const id = sent.body.import_id as string;
    const paused = await api.post(`/v1/imports/${id}/pause`);
    expect(paused).toMatchObject({
      status: 200,
      body: { status: 'paused', waiting_for: 'someone to resume it' },
    });
    const still = await poll('nothing moves any more', 30_000, async () => {
      const before = await importView(stack.url, id);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const after = await importView(stack.url, id);
      return before.totals.indexed === after.totals.indexed && after;
    });
    expect(still.totals.pending).toBeGreaterThan(1_000);
    const live = await Promise.all(
      [3, 39].map((k) =>
        api.post(`/v1/conversations/many-${k}/messages`, {
          user_id: user,
          messages: [{ role: 'user', content: `live ${k}`, message_id: `live-${k}` }],
        }),
      ),
    );
    expect(live.map((answer) => answer.body.from_seq)).toEqual([101, 101]);
    embedder.behaviour = { kind: 'answer' };
    expect((await api.post(`/v1/imports/${id}/resume`)).body.status).toBe('running');
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      totals: { accepted: 4_000, indexed: 4_000 },
    });
    for (const k of [3, 39]) {
      await poll(`the live one of many-${k} is indexed`, 40_000, async () => {
        const view = await api.get(`/v1/conversations/many-${k}?user_id=${user}`);
        return view.body.indexed_through === 101;
      });
    }
    expect(await census(pool, stack.namespace)).toMatchObject({
      outsideOneBatch: 0,
      batchesWithoutMemory: 0,
    });
    expectProblem(await api.post(`/v1/imports/${id}/pause`), 409);
  }, 120_000);

  it('is cancelled: what is pending fails, and a retry indexes it', async () => {
    const user = newUser();
    embedder.behaviour = { kind: 'answer', latencyMs: 300 };
    const sent = await sendImport(stack.url, many(user));
    const id = sent.body.import_id as string;
    expect((await api.post(`/v1/imports/${id}/cancel`)).body.status).toBe('cancelled');
    embedder.behaviour = { kind: 'answer' };
    const view = await ended(id);
    expect(view.status).toBe('cancelled');
    expect(view.totals.failed).toBeGreaterThan(1_000);
    expect(view.totals.indexed + view.totals.failed).toBe(4_000);
    const conversation = await poll('a cancelled conversation', 5_000, async () => {
      const found = await api.get(`/v1/conversations/many-20?user_id=${user}`);
      return found.body.failed.length > 0 && found.body;
    });
    expect(conversation.failed[0].reason).toBe('cancelled');
    await api.post(`/v1/conversations/many-20/retry?user_id=${user}`);
    await poll('it is indexed', 20_000, async () => {
      const found = await api.get(`/v1/conversations/many-20?user_id=${user}`);
      return found.body.failed.length === 0 && found.body.indexed_through === 100;
    });
    const after = await importView(stack.url, id);
    expect(after.totals.indexed).toBeGreaterThan(view.totals.indexed);
  }, 120_000);

  it('says what it waits for while the embedder is away, and embeds nothing twice', async () => {
    const user = newUser();
    embedder.reset();
    embedder.behaviour = { kind: 'status', status: 429 };
    const lines = talk(user, 'limited', 300);
    const sent = await sendImport(stack.url, ndjson(lines));
    const id = sent.body.import_id as string;
    await poll('it says so', 20_000, async () =>
      /embedder/.test((await importView(stack.url, id)).waiting_for ?? ''),
    );
    embedder.behaviour = { kind: 'answer' };
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      totals: { indexed: 300 },
      waiting_for: null,
    });
    // Of its own texts: what the tests before left behind is still being embedded too.
    const times = lines.map((line) => embedder.timesEmbedded(`${line.role}: ${line.content}`));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...times)).toBeLessThanOrEqual(2);
  });

  it('fails a text that is refused, alone, until it is retried', async () => {
    const user = newUser();
    embedder.reset();
    embedder.refusedMarker = 'unspeakable';
    const lines = talk(user, 'poisoned', 60);
    lines[30]!.content = 'an unspeakable text';
    const sent = await sendImport(stack.url, ndjson(lines));
    const view = await ended(sent.body.import_id);
    expect(view).toMatchObject({ status: 'completed_with_errors', totals: { failed: 5, indexed: 55 } });
    const failed = (await batchesOf(user, 'poisoned')).filter((batch) => batch.status === 'failed');
    expect(failed).toEqual([
      expect.objectContaining({
        first_seq: 29,
        last_seq: 33,
        failure_reason: expect.stringMatching(/embedder/),
      }),
    ]);
    embedder.refusedMarker = null;
    await api.post(`/v1/conversations/poisoned/retry?user_id=${user}`);
    const retried = await poll('it is indexed', 20_000, async () => {
      const after = await importView(stack.url, sent.body.import_id);
      return after.totals.indexed === 60 && after;
    });
    expect(retried.status).toBe('completed');
  });
});

it('costs one run a conversation that ends with it, at most 30 history events and a tenth of one a message', async () => {
  const user = newUser();
  const [conversations, messages] = [['a', 'b'], 300];
  const sent = await sendImport(
    stack.url,
    ndjson(conversations.flatMap((conversation) => talk(user, conversation, messages))),
  );
  const id = sent.body.import_id as string;
  expect(await ended(id)).toMatchObject({ totals: { indexed: conversations.length * messages } });
  const { client, close } = createTemporalClient({
    address: process.env['TEMPORAL_ADDRESS']!,
    namespace: 'default',
  });
  try {
    const ids = conversations.map((conversationId) =>
      conversationWorkflowId({ namespace: stack.namespace, userId: user, conversationId }),
    );
    const runs = await Promise.all(
      [importWorkflowId(id), ...ids].map((workflow) => client.workflow.getHandle(workflow).describe()),
    );
    const events = runs.reduce((sum, { historyLength }) => sum + historyLength, 0);
    expect(events).toBeLessThanOrEqual(conversations.length * (30 + 0.1 * messages));
    const runsOf = async (workflow: string): Promise<string[]> => {
      const statuses: string[] = [];
      for await (const { status } of client.workflow.list({ query: `WorkflowId = '${workflow}'` }))
        statuses.push(status.name);
      return statuses.sort();
    };
    for (const workflow of ids)
      await poll('its run has ended', 20_000, async () => (await runsOf(workflow)).join() === 'COMPLETED');
    // Whoever speaks has a run that waits for more.
    const path = `/v1/conversations/${conversations[0]!}`;
    const said = await api.post(`${path}/messages`, {
      user_id: user,
      messages: [{ role: 'user', content: 'Here I am again.', message_id: 'again' }],
    });
    expect(said.status).toBe(202);
    await poll('it is indexed', 20_000, async () => {
      const { body } = await api.get(`${path}?user_id=${user}`);
      return body.indexed_through === messages + 1;
    });
    expect(await runsOf(ids[0]!)).toEqual(['COMPLETED', 'RUNNING']);
  } finally {
    await close();
  }
});

describe('asking', () => {
  it('lists the newest first, page by page', async () => {
    const page = await api.get('/v1/imports?limit=3');
    expect(page.body.imports).toHaveLength(3);
    const times = page.body.imports.map((one: { created_at: string }) => one.created_at);
    expect([...times].sort().reverse()).toEqual(times);
    const next = await api.get(`/v1/imports?limit=3&cursor=${page.body.next_cursor}`);
    const ids = [...page.body.imports, ...next.body.imports].map((one: ImportAnswer) => one.import_id);
    expect(new Set(ids).size).toBe(6);
    expectPath(await api.get('/v1/imports?cursor=nonsense'), 'cursor');
  });

  it('knows no others', async () => {
    for (const id of ['nonsense', '00000000-0000-4000-8000-000000000000']) {
      expectProblem(await api.get(`/v1/imports/${id}`), 404);
      expectProblem(await api.get(`/v1/imports/${id}/rejections`), 404);
      expectProblem(await api.post(`/v1/imports/${id}/cancel`), 404);
    }
  });

  it('takes lines alone', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const sent = await sendImport(stack.url, '{}', { headers: { 'Content-Type': type } });
      expect(sent).toMatchObject({ status: 415, body: { title: 'Unsupported media type' } });
    }
    const query = await sendImport(stack.url, '', { query: '?on_error=ignore' });
    expect(query).toMatchObject({ status: 422, body: { errors: [{ path: 'on_error' }] } });
    const empty = await sendImport(stack.url, '');
    expect(empty).toMatchObject({ status: 202, body: { lines: 0, messages: 0 } });
    expect((await ended(empty.body.import_id)).status).toBe('completed');
  });
});
