import { Pool } from 'pg';
import { apiClient, expectProblem, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

const env = ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' });
const namespace = env['NAMESPACE']!;

let process_: ApiProcess;
let api: ApiClient;
let pool: Pool;
beforeAll(async () => {
  process_ = await startReadyApi({ env });
  api = apiClient(process_.url);
  pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 2 });
}, 60_000);
afterAll(async () => {
  await pool?.end();
  await process_?.stop();
}, 30_000);

const body = (content: string) => ({ user_id: 'u', messages: [{ role: 'user', content }] });
const append = (content: string, key: string, conversation = 'c') =>
  api.post(`/v1/conversations/${conversation}/messages`, body(content), { 'Idempotency-Key': key });
const appended = async (conversation: string): Promise<number> =>
  (await api.get(`/v1/conversations/${conversation}?user_id=u`)).body.appended_through as number;

it('replays the first answer and does nothing again', async () => {
  const first = await append('hello', 'replay', 'replay');
  expect(first.status).toBe(202);
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  const again = await append('hello', 'replay', 'replay');
  expect(again.status).toBe(202);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await appended('replay')).toBe(1);
});

it('422 for the same key with another body, or another conversation', async () => {
  await append('hello', 'other', 'other');
  expectProblem(await append('something else', 'other', 'other'), 422);
  expectProblem(await append('hello', 'other', 'elsewhere'), 422);
  expect(await appended('other')).toBe(1);
  expect(await appended('elsewhere')).toBe(0);
});

it('keeps routes apart', async () => {
  await append('hello', 'routes', 'routes');
  const stored = await api.post(
    '/v1/store',
    { user_id: 'u', conversation_id: 'routes', history: [{ role: 'user', content: 'x' }] },
    { 'Idempotency-Key': 'routes' },
  );
  expect(stored.status).toBe(202);
  expect(await appended('routes')).toBe(2);
});

it('does the work once when both come at the same time', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => append('at once', 'race', 'race')));
  const taken = answers.filter((answer) => answer.status === 202);
  expect(taken.length).toBeGreaterThan(0);
  for (const answer of answers.filter((one) => one.status !== 202)) {
    expectProblem(answer, 409);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  }
  expect(await appended('race')).toBe(1);
});

it('409 with Retry-After while the first is in flight; a crashed one does not block for ever', async () => {
  await append('slow', 'crash', 'crash');
  // As if the process had died before it could keep its answer.
  const unfinish = `UPDATE idempotency_keys SET status = NULL, response = NULL, locked_until = clock_timestamp() + $2 * interval '1 second'
                     WHERE namespace = $1 AND key = 'crash'`;
  await pool.query(unfinish, [namespace, 60]);
  const inFlight = await append('slow', 'crash', 'crash');
  expectProblem(inFlight, 409);
  expect(inFlight.headers.get('retry-after')).toMatch(/^\d+$/);
  await pool.query(unfinish, [namespace, -1]);
  expect((await append('slow', 'crash', 'crash')).status).toBe(202);
  expect((await append('slow', 'crash', 'crash')).headers.get('idempotent-replayed')).toBe('true');
  // What the dead process had stored was found, not stored a second time.
  expect(await appended('crash')).toBe(1);
});

it('forgets after 24 hours', async () => {
  await append('hello', 'old', 'old');
  const { rows } = await pool.query(
    `SELECT expires_at - clock_timestamp() > interval '23 hours 59 minutes' AND expires_at - clock_timestamp() <= interval '24 hours' AS kept
                                       FROM idempotency_keys WHERE namespace = $1 AND key = 'old'`,
    [namespace],
  );
  expect(rows).toEqual([{ kept: true }]);
  await pool.query(
    `UPDATE idempotency_keys SET expires_at = clock_timestamp() - interval '1 second' WHERE namespace = $1 AND key = 'old'`,
    [namespace],
  );
  expect((await append('something else', 'old', 'old')).status).toBe(202);
});

it('keeps a refusal too, but not a request that could not be read', async () => {
  const say = (content: string) => ({ user_id: 'u', messages: [{ role: 'user', content, message_id: 'm' }] });
  const key = { 'Idempotency-Key': 'refused' };
  await api.post('/v1/conversations/refused/messages', say('one'));
  const refused = await api.post('/v1/conversations/refused/messages', say('two'), key);
  expectProblem(refused, 409);
  const again = await api.post('/v1/conversations/refused/messages', say('two'), key);
  expect(again.status).toBe(409);
  expect(again.headers.get('content-type')).toBe('application/problem+json');
  expect(again.body).toEqual(refused.body);
  expectProblem(
    await api.post('/v1/conversations/refused/messages', { user_id: 'u' }, { 'Idempotency-Key': 'mistake' }),
    422,
  );
  expect(
    (await api.post('/v1/conversations/refused/messages', say('one'), { 'Idempotency-Key': 'mistake' }))
      .status,
  ).toBe(202);
});

it.each(['', 'x'.repeat(201)])('422 for the key %j', async (key) => {
  const answer = await append('hello', key);
  expectProblem(answer, 422);
  expect(answer.body.errors[0].path).toBe('Idempotency-Key');
});

it('works where no body is needed, and is ignored where nothing is posted', async () => {
  const key = { 'Idempotency-Key': 'bare' };
  expect((await api.send('POST', '/v1/conversations/never/flush?user_id=u', undefined, key)).status).toBe(
    200,
  );
  expect(
    (await api.send('POST', '/v1/conversations/never/flush?user_id=u', undefined, key)).headers.get(
      'idempotent-replayed',
    ),
  ).toBe('true');
  expect((await api.get('/v1/retrieve?user_id=u', key)).headers.get('idempotent-replayed')).toBeNull();
});
