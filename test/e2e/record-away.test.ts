import { Pool } from 'pg';
import { apiClient, expectProblem, type ApiAnswer, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';
import { createTcpGate, type TcpGate } from '../support/tcp-gate';

const BACK_DEADLINE_MS = 20_000;
const WRITERS = 8;
const MESSAGES_A_REQUEST = 5;
const OUTAGES = 4;

let gate: TcpGate;
let process_: ApiProcess;
let api: ApiClient;
let pool: Pool;
const env = ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' });

beforeAll(async () => {
  const url = new URL(process.env['DATABASE_URL']!);
  gate = await createTcpGate(url.host);
  await gate.open();
  url.host = gate.address;
  process_ = await startReadyApi({ env: { ...env, DATABASE_URL: url.toString() } });
  api = apiClient(process_.url);
  pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 2 });
}, 60_000);
afterAll(async () => {
  await process_?.stop();
  await gate?.shut();
  await pool?.end();
}, 30_000);

const says = (content: string, id: string): object => ({ role: 'user', content, message_id: id });
const turn = (content: string, id: string): object => ({
  conversation_id: 'talk',
  metadata: { user_id: 'ada' },
  ...says(content, id),
});
const isBack = (): Promise<unknown> =>
  poll('the record is back', BACK_DEADLINE_MS, async () => {
    return (await api.get('/v1/retrieve?user_id=ada')).status === 200;
  });
const stateOf = async (id: string) => (await api.get(`/v1/conversations/${id}?user_id=ada`)).body;

it('with Postgres away whatever needs it is 503 and says when to try again; nothing of it is there afterwards', async () => {
  expect((await api.post('/v1/orchestrator/message', turn('Before.', 'm1'))).body).toMatchObject({ seq: 1 });
  await gate.shut();
  const body = { user_id: 'ada', history: [says('Away.', 'm2')], conversation_id: 'talk' };
  const message = turn('Away.', 'm2');
  const refused: Record<string, Promise<ApiAnswer>> = {
    turn: api.post('/v1/orchestrator/message', message),
    'a turn of the assistant': api.post('/v1/orchestrator/message', { ...message, role: 'assistant' }),
    'a keyed turn': api.post('/v1/orchestrator/message', message, { 'Idempotency-Key': 'away' }),
    transcript: api.post('/v1/orchestrator/transcript', body),
    best: api.post('/v1/orchestrator/retrieve', { conversation_id: 'talk', query: 'what?' }),
    store: api.post('/v1/store', body),
    messages: api.post('/v1/conversations/talk/messages', { user_id: 'ada', messages: body.history }),
    state: api.get('/v1/conversations/talk?user_id=ada'),
    flush: api.post('/v1/conversations/talk/flush?user_id=ada'),
    retry: api.post('/v1/conversations/talk/retry?user_id=ada'),
    policy: api.send('PUT', '/v1/conversations/talk/policy?user_id=ada', { ingestion: {} }),
    list: api.get('/v1/retrieve?user_id=ada'),
    query: api.get('/v1/retrieve?user_id=ada&query=before'),
    retrieve: api.post('/v1/retrieve', { user_id: 'ada', query: 'before' }),
    conversations: api.get('/v1/users/ada/conversations'),
    write: api.post('/v1/memories/direct', { user_id: 'ada', content: 'Away.' }),
  };
  for (const [what, answer] of Object.entries(refused))
    expect([what, (await answer).status]).toEqual([what, 503]);
  for (const answer of Object.values(refused)) expectProblem(await answer, 503);
  expect((await api.get('/health')).status).toBe(200);
  expect(await api.get('/health/full')).toMatchObject({ status: 503, body: { status: 'unhealthy' } });

  await gate.open();
  await isBack();
  expect(await stateOf('talk')).toMatchObject({ appended_through: 1 });
  // Its key was not used up by what could not be done.
  const again = await api.post('/v1/orchestrator/message', message, { 'Idempotency-Key': 'away' });
  expect(again.body).toMatchObject({ seq: 2, duplicate: false });
}, 60_000);

it('with Postgres cut off in the middle of requests, each is there as a whole or not at all', async () => {
  let writing = true;
  const acknowledged: string[] = [];
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; writing; i += 1) {
      const request = `${writer}-${i}`;
      const ids = Array.from({ length: MESSAGES_A_REQUEST }, (_, n) => `${request}-${n}`);
      const history = ids.map((id) => says(`This is ${id}.`, id));
      const sent = { user_id: 'ada', conversation_id: `cut-${writer % 2}`, history };
      const answer =
        writer < WRITERS / 2
          ? await api.post('/v1/orchestrator/transcript', sent)
          : await api.post('/v1/store', sent);
      if (answer.status === 503) expectProblem(answer, 503);
      else acknowledged.push(...ids);
    }
  };
  const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  const cutAgainAndAgain = async (): Promise<void> => {
    for (let outage = 0; outage < OUTAGES; outage += 1) {
      const before = acknowledged.length;
      await poll('they write', BACK_DEADLINE_MS, async () => acknowledged.length >= before + 100);
      await gate.shut();
      await gate.open();
    }
  };
  await Promise.all([writers, cutAgainAndAgain().finally(() => (writing = false))]);
  await isBack();

  const { rows } = await pool.query<{ conversation_id: string; message_id: string; seq: string }>(
    `SELECT conversation_id, message_id, seq FROM messages
      WHERE namespace = $1 AND conversation_id LIKE 'cut-%' ORDER BY conversation_id, seq`,
    [env['NAMESPACE']],
  );
  const stored = new Set(rows.map((row) => row.message_id));
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  for (const conversation of ['cut-0', 'cut-1']) {
    const own = rows.filter((row) => row.conversation_id === conversation);
    expect(own.map((row) => Number(row.seq))).toEqual(own.map((_, i) => i + 1));
    expect(await stateOf(conversation)).toMatchObject({ appended_through: own.length });
    const perRequest = new Map<string, number>();
    for (const { message_id: id } of own) {
      const request = id.replace(/-\d+$/, '');
      perRequest.set(request, (perRequest.get(request) ?? 0) + 1);
    }
    expect(new Set(perRequest.values())).toEqual(new Set([MESSAGES_A_REQUEST]));
  }
  expect(process_.output()).not.toContain('uncaught error');
}, 90_000);
