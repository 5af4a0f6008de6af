import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { apiClient, expectProblem, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

const MEBIBYTE = 1024 * 1024;
const STORE = { user_id: 'u', history: [{ role: 'user', content: 'hello' }] };

let process_: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  process_ = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' }) });
  api = apiClient(process_.url);
}, 60_000);
afterAll(async () => {
  await process_?.stop();
}, 30_000);

describe('routes and methods', () => {
  it.each(['/', '/v1', '/v1/nothing', '/v1/conversations', '/favicon.ico'])('404 for %s', async (path) => {
    expectProblem(await api.get(path), 404);
  });
  it.each([
    ['GET', '/v1/store', 'POST, OPTIONS'],
    ['DELETE', '/v1/retrieve', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
    ['PUT', '/v1/conversations/c', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/v1/conversations/c/policy', 'PUT, OPTIONS'],
    ['POST', '/docs', 'GET, HEAD, OPTIONS'],
  ])('405 for %s %s, with Allow', async (method, path, allow) => {
    const answer = await api.send(method, path);
    expectProblem(answer, 405);
    expect(answer.headers.get('allow')).toBe(allow);
  });
  it('answers OPTIONS with the methods and grants no other origin', async () => {
    const answer = await api.send('OPTIONS', '/v1/store', undefined, { Origin: 'https://elsewhere.example' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
  it('answers HEAD like GET, without the body', async () => {
    const answer = await api.send('HEAD', '/health');
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expectHeaderOnly(await api.send('HEAD', '/v1/nothing'));
    function expectHeaderOnly(other: { status: number; body: unknown }): void {
      expect(other).toMatchObject({ status: 404, body: '' });
    }
  });
});

describe('request ids', () => {
  it('echoes the caller’s', async () => {
    const answer = await api.get('/v1/nothing', { 'X-Request-Id': 'abc-1' });
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
    expect(answer.body.request_id).toBe('abc-1');
  });
  it('makes one when there is none, or one that is no single word', async () => {
    const first = (await api.get('/health')).headers.get('x-request-id');
    const second = (await api.get('/health', { 'X-Request-Id': 'a b' })).headers.get('x-request-id');
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
  });
});

describe('bodies that cannot be read', () => {
  it.each(['{', '{"user_id": "u",}', 'nonsense', '', '{"a": "\u0000"}', '{"a": "\t"}', "{'a': 1}"])(
    '400 for %j',
    async (text) => {
      expectProblem(await api.post('/v1/store', text), 400);
    },
  );
  it('400 for bytes that are no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"user_id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const response = await fetch(`${process_.url}/v1/store`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: bytes,
    });
    expect(response.status).toBe(400);
  });
  it('400 for no body at all', async () => {
    expectProblem(await api.post('/v1/store'), 400);
  });
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
  ])('415 for %s', async (type) => {
    expectProblem(await api.post('/v1/store', JSON.stringify(STORE), { 'Content-Type': type }), 415);
  });
  it('415 for a compressed body', async () => {
    expectProblem(await api.post('/v1/store', JSON.stringify(STORE), { 'Content-Encoding': 'gzip' }), 415);
  });
  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'])(
    'reads %s',
    async (type) => {
      expect((await api.post('/v1/store', JSON.stringify(STORE), { 'Content-Type': type })).status).toBe(202);
    },
  );
  it('400 for a malformed percent in the path or the query, 422 for what it may not hold', async () => {
    expectProblem(await api.get('/v1/conversations/%E0%A4%A?user_id=u'), 400);
    expectProblem(await api.get('/v1/retrieve?user_id=%ff'), 400);
    expectProblem(await api.get('/v1/conversations/a%00b?user_id=u'), 422);
    expectProblem(await api.get(`/v1/conversations/${'x'.repeat(201)}?user_id=u`), 422);
  });
});

describe('sizes', () => {
  const padded = (bytes: number): string => {
    const frame = JSON.stringify({ ...STORE, ignored: '' });
    return JSON.stringify({ ...STORE, ignored: 'x'.repeat(bytes - frame.length) });
  };
  it('takes a body of exactly 2 MiB', async () => {
    expect((await api.post('/v1/store', padded(2 * MEBIBYTE))).status).toBe(202);
  });
  it('413 for one byte more, and for much more', async () => {
    expectProblem(await api.post('/v1/store', padded(2 * MEBIBYTE + 1)), 413);
    expectProblem(await api.post('/v1/store', padded(8 * MEBIBYTE)), 413);
  });
  it('413 for a chunked body that never says how long it is', async () => {
    expect(await chunked(padded(3 * MEBIBYTE))).toBe(413);
  });
  it('reads a chunked body without Content-Length', async () => {
    expect(await chunked(JSON.stringify(STORE))).toBe(202);
  });
  it('takes the longest message as a query, in the longest spelling', async () => {
    const query = encodeURIComponent('é'.repeat(32_768));
    expect((await api.get(`/v1/retrieve?user_id=u&query=${query}`)).status).toBe(200);
    expectProblem(await api.get(`/v1/retrieve?user_id=u&query=${'x'.repeat(32_769)}`), 422);
  });

  function chunked(text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${process_.url}/v1/store`,
        { method: 'POST', headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      request.on('error', reject);
      for (let at = 0; at < text.length; at += 65_536) request.write(text.slice(at, at + 65_536));
      request.end();
    });
  }
});

describe('what is not even HTTP', () => {
  it('400 as a problem', async () => {
    expect(await raw('THIS IS NOT HTTP\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"status":400/,
    );
  });
  it('431 for endless headers', async () => {
    expect(await raw(`GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(600 * 1024)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(process_.url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
      socket.on('close', () => resolve(answer));
    });
  }
});
