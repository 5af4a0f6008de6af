import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const FLUSH_INTERVAL_MS = 3_000;
const INDEXED_DEADLINE_MS = 60_000;
/** What a window may take beyond its end: the contract says two seconds, of which none is the poller's. */
const WORK_MS = 2_000;
const A_DAY_SECONDS = 86_400;

let stack: Stack;
let api: ApiClient;
const pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });

beforeAll(async () => {
  stack = await startStack({ env: { EMBEDDER: 'none', FLUSH_INTERVAL_MS: String(FLUSH_INTERVAL_MS) } });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool.end();
}, 60_000);

const turns = (from: number, to: number): object[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({
    role: 'user',
    content: `text ${from + i}`,
    message_id: `m${from + i}`,
  }));

interface BatchRow {
  first_seq: number;
  last_seq: number;
  reason: string;
  status: string;
}

async function batchesOf(conversationId: string): Promise<BatchRow[]> {
  const result = await pool.query<BatchRow>(
    `SELECT first_seq, last_seq, reason, status FROM batches WHERE namespace = $1 AND conversation_id = $2 ORDER BY first_seq`,
    [stack.namespace, conversationId],
  );
  return result.rows;
}

const trace = (batches: BatchRow[]): string =>
  batches
    .map((b) => `${b.last_seq - b.first_seq + 1}${b.last_seq > b.first_seq ? 'a' : ''}@${b.last_seq}`)
    .join(' ');

async function setPolicy(conversationId: string, ingestion: object): Promise<void> {
  const answer = await api.send('PUT', `/v1/conversations/${conversationId}/policy?user_id=ada`, {
    ingestion,
  });
  expect(answer.status).toBe(200);
}

const size = (
  low: number,
  high: number,
  lowSize: number,
  mediumSize: number,
  highSize: number,
  buffer: number,
) => ({
  low_volume_cutoff: low,
  high_volume_cutoff: high,
  low_volume_batch_size: lowSize,
  medium_volume_batch_size: mediumSize,
  high_volume_batch_size: highSize,
  max_buffer_size: buffer,
  flush_interval_seconds: A_DAY_SECONDS,
});

const TRACES: [string, object, number, string, number][] = [
  [
    'defaults',
    size(6, 20, 1, 3, 5, 15),
    40,
    '1@1 1@2 1@3 1@4 1@5 1@6 3a@9 3a@12 3a@15 3a@18 5a@23 5a@28 5a@33 5a@38',
    2,
  ],
  ['tuned', size(4, 12, 1, 4, 5, 15), 40, '1@1 1@2 1@3 1@4 4a@8 4a@12 5a@17 5a@22 5a@27 5a@32 5a@37', 3],
  ['small', size(2, 4, 1, 2, 3, 10), 14, '1@1 1@2 2a@4 3a@7 3a@10 3a@13', 1],
  ['buffered', size(0, 0, 1, 1, 50, 5), 12, '5a@5 5a@10', 2],
];

describe.each([
  ['in one request', 1_000],
  ['one request each', 1],
])('batches of messages sent %s', (how, chunk) => {
  it.each(TRACES)('%s', async (name, policy, messages, expected, left) => {
    const id = `${name}-${chunk}`;
    await setPolicy(id, policy);
    for (let from = 1; from <= messages; from += chunk) {
      const part = turns(from, Math.min(messages, from + chunk - 1));
      const answer = await api.post(`/v1/conversations/${id}/messages`, { user_id: 'ada', messages: part });
      expect(answer.status).toBe(202);
    }
    const batches = await poll(`${name} ${how} is indexed`, INDEXED_DEADLINE_MS, async () => {
      const rows = await batchesOf(id);
      const last = Number(/@(\d+)$/.exec(expected)![1]);
      return rows.at(-1)?.last_seq === last && rows.every((row) => row.status === 'indexed') && rows;
    });
    expect(trace(batches)).toBe(expected);
    const view = (await api.get(`/v1/conversations/${id}?user_id=ada`)).body;
    expect(view).toMatchObject({ pending: left, appended_through: messages, phase: 'buffering' });
    const { body } = await api.get(
      `/v1/retrieve?user_id=ada&limit=1000&metadata_filter=conversation_id:${id}`,
    );
    expect(body.pagination.total).toBe(batches.length);
  });
});

it('a tail is searchable within its window and the work after it, with no further traffic', async () => {
  const id = 'tail';
  await api.post(`/v1/conversations/${id}/messages`, { user_id: 'tess', messages: turns(1, 6) });
  const sentAt = Date.now();
  await api.post(`/v1/conversations/${id}/messages`, {
    user_id: 'tess',
    messages: [{ role: 'user', content: 'the kingfisher nests by the old mill' }],
  });
  await poll('the tail is found', FLUSH_INTERVAL_MS + 10 * WORK_MS, async () => {
    const { body } = await api.get('/v1/retrieve?user_id=tess&query=kingfisher');
    return body.results[0]?.score > 0;
  });
  const waitedMs = Date.now() - sentAt;
  expect(await batchesOf(id)).toContainEqual({
    first_seq: 7,
    last_seq: 7,
    reason: 'window',
    status: 'indexed',
  });
  // Loud rather than red on a machine that is busy with other tests: speed is the bench's to judge.
  if (waitedMs > FLUSH_INTERVAL_MS + WORK_MS)
    process.stderr.write(`a tail took ${waitedMs} ms to be searchable\n`);
});

it('a lone message of a fresh conversation is searchable at once', async () => {
  await api.post('/v1/conversations/lone/messages', {
    user_id: 'lena',
    messages: [{ role: 'user', content: 'my violin has a crack' }],
  });
  await poll('it is found', FLUSH_INTERVAL_MS + WORK_MS, async () => {
    const { body } = await api.get('/v1/retrieve?user_id=lena&query=violin');
    return body.results[0]?.score > 0;
  });
});

it('a policy changed in the middle cuts what is pending again', async () => {
  await setPolicy('changed', size(0, 0, 1, 1, 50, 50));
  await api.post('/v1/conversations/changed/messages', { user_id: 'ada', messages: turns(1, 8) });
  await poll('it is buffered', INDEXED_DEADLINE_MS, async () => {
    const { body } = await api.get('/v1/conversations/changed?user_id=ada');
    return body.pending === 8 && body.phase === 'buffering';
  });
  expect(await batchesOf('changed')).toEqual([]);
  await setPolicy('changed', { high_volume_batch_size: 3 });
  await poll('it is cut', INDEXED_DEADLINE_MS, async () => (await batchesOf('changed')).length === 2);
  expect(trace(await batchesOf('changed'))).toBe('3a@3 3a@6');
});

it('eight identical requests at once: one row, one seq, the same injections, seven duplicates', async () => {
  await api.post('/v1/store', {
    user_id: 'eve',
    history: [{ role: 'user', content: 'My savings goal is a sailing boat.' }],
  });
  const message = {
    conversation_id: 'eight',
    message_id: 'only',
    role: 'user',
    content: 'What was my savings goal again?',
    metadata: { user_id: 'eve' },
  };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.post('/v1/orchestrator/message', message)),
  );
  expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
  expect(answers.filter((answer) => answer.body.duplicate)).toHaveLength(7);
  expect(new Set(answers.map((answer) => answer.body.seq))).toEqual(new Set([1]));
  expect(answers[0]!.body.injections).toHaveLength(1);
  expect(new Set(answers.map((answer) => JSON.stringify(answer.body.injections))).size).toBe(1);
  const rows = await pool.query('SELECT 1 FROM messages WHERE namespace = $1 AND conversation_id = $2', [
    stack.namespace,
    'eight',
  ]);
  expect(rows.rowCount).toBe(1);
});
