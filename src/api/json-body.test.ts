import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DomainError } from '../domain/errors';
import { readJsonBody } from './json-body';

const DEADLINE_MS = 200;

let server: Server;
let statuses: number[];
beforeEach(async () => {
  statuses = [];
  server = createServer((incoming, response) => {
    readJsonBody(incoming, false, DEADLINE_MS).then(
      () => response.end('read'),
      (error: DomainError) => {
        statuses.push(error.status);
        response.writeHead(error.status, { Connection: 'close' }).end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = () =>
  request({
    port: (server.address() as AddressInfo).port,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Content-Length': 20 },
  });

it('408 for a body that never comes', async () => {
  const sent = open();
  sent.on('error', () => undefined);
  const status = await new Promise((resolve) => {
    sent.on('response', (response) => resolve(response.statusCode));
    sent.write('{"a":');
  });
  expect(status).toBe(408);
});

it('400, to nobody, for a connection that ends before its body', async () => {
  const sent = open();
  sent.on('error', () => undefined);
  sent.write('{"a":', () => setTimeout(() => sent.destroy(), 20));
  const deadline = Date.now() + 5_000;
  while (statuses.length === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(statuses).toEqual([400]);
});
