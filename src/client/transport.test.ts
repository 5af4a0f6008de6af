import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ApiError,
  AuthenticationError,
  ConflictError,
  ConnectionError,
  ErasedUserError,
  NotFoundError,
  PermissionError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnexpectedAnswerError,
  ValidationError,
} from './errors';
import { MemoryClient } from './memory-client';

/** A server that answers as the test says, in ways that a real one cannot be brought to. */
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: { headers: IncomingMessage['headers']; body: string }[];
let baseUrl: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => (requests = []));

const problem = (response: ServerResponse, status: number, more: object = {}, headers = {}): void => {
  response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers });
  response.end(JSON.stringify({ title: 'No', status, detail: 'because', request_id: 'r-1', ...more }));
};
const ok = (response: ServerResponse): void => void response.writeHead(200).end('{"ids":[]}');
const store = (client: MemoryClient, options?: Parameters<MemoryClient['store']>[1]) =>
  client.store({ user_id: 'ada', history: [{ role: 'user', content: 'hi' }] }, options);

it.each([
  [400, ApiError],
  [401, AuthenticationError],
  [403, PermissionError],
  [404, NotFoundError],
  [409, ConflictError],
  [410, ErasedUserError],
  [422, ValidationError],
])('throws %d once, as its own kind', async (status, Kind) => {
  answer = (_, response) => problem(response, status, { errors: [{ path: 'user_id', message: 'no' }] });
  const error = await store(new MemoryClient({ baseUrl })).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Kind);
  expect(error).toMatchObject({
    status,
    title: 'No',
    detail: 'because',
    requestId: 'r-1',
    errors: [{ path: 'user_id', message: 'no' }],
  });
  expect(requests).toHaveLength(1);
});

it.each([
  [503, ServerError],
  [502, ServerError],
  [429, RateLimitError],
])('tries %d again, with the same message ids, and says so in the end', async (status, Kind) => {
  let failures = 2;
  answer = (_, response) =>
    failures-- > 0 ? problem(response, status, {}, { 'Retry-After': '0' }) : ok(response);
  await store(new MemoryClient({ baseUrl }));
  expect(requests).toHaveLength(3);
  expect(new Set(requests.map((one) => one.body)).size).toBe(1);
  expect(JSON.parse(requests[0]!.body).history[0].message_id).toMatch(/^[0-9a-f-]{36}$/);
  answer = (_, response) => problem(response, status, {}, { 'Retry-After': '0' });
  await expect(store(new MemoryClient({ baseUrl, maxRetries: 1 }))).rejects.toThrow(Kind);
  expect(requests).toHaveLength(5);
});

it('tries a lost connection again', async () => {
  let failures = 1;
  answer = (request, response) => (failures-- > 0 ? request.socket.destroy() : ok(response));
  await store(new MemoryClient({ baseUrl }));
  expect(requests).toHaveLength(2);
  await expect(store(new MemoryClient({ baseUrl: 'http://127.0.0.1:1', maxRetries: 0 }))).rejects.toThrow(
    ConnectionError,
  );
});

it('gives up an answer that does not come, and one whose end does not come', async () => {
  answer = () => undefined;
  const client = new MemoryClient({ baseUrl, timeoutMs: 100, maxRetries: 0 });
  await expect(store(client)).rejects.toThrow(TimeoutError);
  answer = (_, response) => void response.writeHead(200).write('{"ids"');
  await expect(store(client)).rejects.toThrow(TimeoutError);
});

it('ends at once when the caller aborts, also between two tries', async () => {
  answer = () => undefined;
  const abort = new AbortController();
  const stored = store(new MemoryClient({ baseUrl }), { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 50);
  await expect(stored).rejects.toThrow('enough');
  answer = (_, response) => problem(response, 503, {}, { 'Retry-After': '20' });
  const again = new AbortController();
  const waiting = store(new MemoryClient({ baseUrl }), { signal: again.signal });
  setTimeout(() => again.abort(new Error('enough again')), 50);
  await expect(waiting).rejects.toThrow('enough again');
  await expect(store(new MemoryClient({ baseUrl }), { signal: abort.signal })).rejects.toThrow('enough');
});

it('tells what is no answer of this API', async () => {
  answer = (_, response) => void response.writeHead(200).end('<!doctype html>');
  const client = new MemoryClient({ baseUrl });
  const expected = {
    name: 'UnexpectedAnswerError',
    message: expect.stringMatching(/<!doctype html>.*baseUrl/),
  };
  const called = await store(client).catch((thrown: unknown) => thrown);
  expect(called).toBeInstanceOf(UnexpectedAnswerError);
  expect(called).toMatchObject(expected);
  await expect(client.users.export('ada').next()).rejects.toMatchObject(expected);
  expect(requests).toHaveLength(2);
});

it('sends its key and the caller’s headers', async () => {
  answer = (_, response) => ok(response);
  await store(new MemoryClient({ baseUrl: `${baseUrl}/`, apiKey: 'k', headers: { 'X-Tenant': 't' } }));
  expect(requests[0]!.headers).toMatchObject({ authorization: 'Bearer k', 'x-tenant': 't' });
});

it('makes writing a memory by hand safe to try again', async () => {
  let failures = 1;
  answer = (_, response) =>
    failures-- > 0 ? problem(response, 503, {}, { 'Retry-After': '0' }) : ok(response);
  await new MemoryClient({ baseUrl }).memories.create({ user_id: 'ada', content: 'likes tea' });
  const keys = requests.map((one) => one.headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});
