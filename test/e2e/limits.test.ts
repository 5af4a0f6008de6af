import { connect } from 'node:net';
import { apiClient, expectProblem, type ApiClient } from '../support/api-client';
import { runCli } from '../support/cli';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { ownEnvironment, startApi, startReadyApi, type ApiProcess } from '../support/stack';

const PER_KEY = 30;
const PER_USER = 8;
const SHARED_DEADLINE_MS = 5_000;
const SLOW_HEADERS_DEADLINE_MS = 15_000;

let record: OwnRecord;
const processes: ApiProcess[] = [];
let apis: ApiClient[];
let key: string;

beforeAll(async () => {
  record = await createOwnRecord();
  const env = ownEnvironment({
    EMBEDDER: 'none',
    NAMESPACE: 'limits',
    DATABASE_URL: record.url,
    RATE_LIMIT_PER_KEY: String(PER_KEY),
    RATE_LIMIT_PER_USER: String(PER_USER),
    LOG_LEVEL: 'debug',
  });
  processes.push(await startReadyApi({ env }));
  const made = await runCli(['keys', 'create', '--json', '--namespace', 'limits'], '', {
    DATABASE_URL: record.url,
  });
  key = (JSON.parse(made.stdout) as { key: string }).key;
  processes.push(await startApi({ env }));
  apis = processes.map(({ url }) => apiClient(url));
  for (const api of apis)
    await poll('keys are asked for', SHARED_DEADLINE_MS, async () => {
      return (await api.get('/v1/retrieve?user_id=nobody')).status === 401;
    });
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await record?.drop();
}, 30_000);

const asked = (api: ApiClient, user: string) =>
  api.get(`/v1/retrieve?user_id=${user}`, { Authorization: `Bearer ${key}` });
const remainingOf = (headers: Headers, policy: string): number =>
  Number(new RegExp(`"${policy}";r=(\\d+);t=\\d+`).exec(headers.get('ratelimit') ?? '')?.[1] ?? NaN);

it('requests of a key and of a user are limited, over all processes, and say how many are left', async () => {
  const first = await asked(apis[0]!, 'ann');
  expect(first.status).toBe(200);
  expect(first.headers.get('ratelimit-policy')).toBe(`"key";q=${PER_KEY};w=60, "user";q=${PER_USER};w=60`);
  expect(remainingOf(first.headers, 'user')).toBe(PER_USER - 1);
  const answers = [first];
  while (answers.length < PER_USER) answers.push(await asked(apis[0]!, 'ann'));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const refused = await asked(apis[0]!, 'ann');
  expectProblem(refused, 429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(remainingOf(refused.headers, 'user')).toBe(0);

  // The other process hears of it within its next exchange, which one request of its own sets going.
  const other = await poll('the other process refuses too', SHARED_DEADLINE_MS, async () => {
    const answer = await asked(apis[1]!, 'ann');
    return answer.status === 429 && answer;
  });
  expectProblem(other, 429);
  // Other users still get in, until the key has had its share.
  expect((await asked(apis[0]!, 'bob')).status).toBe(200);
  const limited = await poll('the key has had its share', SHARED_DEADLINE_MS, async () => {
    const answer = await asked(apis[0]!, `user-${Math.random()}`);
    return answer.status === 429 && answer;
  });
  expect(limited.body.detail).toContain('this key');
});

it('health and documents are not limited, and a caller without a key is not counted', async () => {
  for (let i = 0; i < PER_KEY + 5; i += 1) expect((await apis[0]!.get('/health')).status).toBe(200);
  expect((await apis[0]!.get('/health')).headers.get('ratelimit')).toBeNull();
  expect((await apis[0]!.get('/v1/retrieve?user_id=ann')).status).toBe(401);
});

/** Opens a connection, sends `text`, then a byte a moment. @returns what it hears until it is closed, and when */
function trickle(text: string, drip: string): Promise<{ heard: string; ms: number }> {
  const { hostname, port } = new URL(processes[0]!.url);
  const started = Date.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let heard = '';
    const dripping = setInterval(() => socket.write(drip), 300);
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      resolve({ heard, ms: Date.now() - started });
    });
  });
}

it('headers that trickle in, or never come, are cut; meanwhile others are served', async () => {
  const slow = Array.from({ length: 50 }, () => trickle('GET /health HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'));
  slow.push(trickle('', ''));
  // The body of somebody who was refused is not waited for either.
  slow.push(
    trickle(
      'POST /v1/store HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n',
      ' ',
    ),
  );
  expect((await apis[0]!.get('/health')).status).toBe(200);
  const ended = await Promise.all(slow);
  for (const { ms } of ended) expect(ms).toBeLessThan(SLOW_HEADERS_DEADLINE_MS);
  expect(ended[0]!.heard).toMatch(/^HTTP\/1\.1 408 /);
  expect(ended.at(-1)!.heard).toMatch(/^HTTP\/1\.1 401 /);
}, 40_000);

it('headers beyond their limit are refused', async () => {
  const { heard } = await trickle(`GET /health HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(600_000)}`, '');
  expect(heard).toMatch(/^HTTP\/1\.1 431 /);
});

it('logs hold neither what people say, nor who they are, nor keys', async () => {
  const secret = 'zanzibar-marmalade';
  const headers = { Authorization: `Bearer ${key}` };
  const body = { user_id: `user-${secret}`, history: [{ role: 'user', content: `I love ${secret}.` }] };
  for (const api of apis) {
    await api.post('/v1/store', body, headers);
    await api.post('/v1/store', { ...body, history: [{ role: 'no', content: secret }] }, headers);
    await api.post('/v1/store', `{"broken": "${secret}`, { ...headers, 'Content-Type': 'application/json' });
    await api.get(`/v1/retrieve?user_id=${secret}&query=${secret}`, headers);
    await api.get(`/v1/conversations/${secret}?user_id=${secret}`, { 'X-API-Key': `am_${secret}` });
  }
  for (const { output } of processes) {
    expect(output()).toContain('"msg":"request"');
    expect(output()).not.toContain(secret);
    expect(output()).not.toContain(key.slice('am_0123456789abcdef_'.length));
  }
});
