import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { apiClient } from '../support/api-client';
import { createOwnRecord } from '../support/own-record';
import { ownEnvironment, startApi, startReadyApi, type ApiProcess } from '../support/stack';

const PAGE = 'https://app.example';
const OTHER = 'https://other.example';
const env = ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' });

let open: ApiProcess;
let closed: ApiProcess;
beforeAll(async () => {
  [open, closed] = await Promise.all([
    startReadyApi({ env: { ...env, CORS_ORIGINS: `http://localhost:5173, ${PAGE}` } }),
    startReadyApi({ env }),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([open?.stop(), closed?.stop()]);
}, 30_000);

const preflight = (url: string, origin: string): Promise<Response> =>
  fetch(url, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
    },
  });
const allowed = (headers: Headers): string | null => headers.get('access-control-allow-origin');

it.each(['/v1/store', '/v1/conversations/c/injections', '/v3/memories/add/', '/openapi.json'])(
  'a page whose origin is named may call %s; another may not',
  async (path) => {
    const asked = await preflight(open.url + path, PAGE);
    expect(asked.status).toBe(204);
    expect(allowed(asked.headers)).toBe(PAGE);
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE');
    expect(asked.headers.get('access-control-allow-headers')).toBe(
      'authorization,content-type,idempotency-key',
    );
    expect(asked.headers.get('vary')).toBe('Origin');
    expect(allowed((await preflight(open.url + path, OTHER)).headers)).toBeNull();
    expect(allowed((await preflight(closed.url + path, PAGE)).headers)).toBeNull();
  },
);

it('shows such a page every answer, with what it needs of its head; another none', async () => {
  const api = apiClient(open.url);
  const headers = { Origin: PAGE };
  const body = { user_id: 'ada', history: [{ role: 'user', content: 'I am allergic to peanuts.' }] };
  const answers = [
    await api.get('/v1/retrieve?user_id=ada', headers),
    await api.post('/v1/store', body, headers),
    await api.post('/v1/store', {}, headers),
    await api.get('/nothing', headers),
    await api.get('/v1/users/ada/export', headers),
    await api.get('/v1/ping/', headers),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 202, 422, 404, 200, 200]);
  for (const answer of answers) {
    expect(allowed(answer.headers)).toBe(PAGE);
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  }
  const stop = new AbortController();
  const stream = await fetch(`${open.url}/v1/conversations/c/injections?user_id=ada`, {
    headers,
    signal: stop.signal,
  });
  expect(allowed(stream.headers)).toBe(PAGE);
  stop.abort();
  const others = await api.get('/v1/retrieve?user_id=ada', { Origin: OTHER });
  expect(others.status).toBe(200);
  expect(allowed(others.headers)).toBeNull();
  expect(allowed((await apiClient(closed.url).get('/health', headers)).headers)).toBeNull();
});

it('a page that makes a name of its own mean this machine reads and writes nothing', async () => {
  const statusBy = async (host: string): Promise<number> => {
    const { port } = new URL(closed.url);
    const call = request({
      port,
      host: '127.0.0.1',
      path: '/v1/retrieve?user_id=ada',
      headers: { Host: host },
    });
    call.end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode!;
  };
  expect(await statusBy('evil.example')).toBe(403);
  expect(await statusBy('localhost')).toBe(200);
  expect(await statusBy('host.docker.internal')).toBe(200);
});

it('pages of any origin may call only with a key, unless that is said in so many words', async () => {
  const record = await createOwnRecord();
  const any = { ...env, DATABASE_URL: record.url, CORS_ORIGINS: '*' };
  try {
    await expect(startApi({ env: any })).rejects.toThrow(/refusing to let pages of any origin call.*keys/);
    const off = await startReadyApi({ env: { ...any, AUTH: 'off' } });
    expect(allowed((await preflight(`${off.url}/v1/store`, OTHER)).headers)).toBe(OTHER);
    await off.stop();
  } finally {
    await record.drop();
  }
});

it.each(['https://app.example/', 'app.example', 'https://App.example', 'null'])(
  'does not start with an origin that no browser sends: %s',
  async (origin) => {
    await expect(startApi({ env: { ...env, CORS_ORIGINS: origin } })).rejects.toThrow(
      /CORS_ORIGINS: must be origins such as https:\/\/app\.example/,
    );
  },
);
