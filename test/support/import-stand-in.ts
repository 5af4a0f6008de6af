import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface StandIn {
  url: string;
  /** `POST /v1/imports`, in order. */
  requests: string[];
  stop(): Promise<void>;
}

/** A server that misbehaves as a test wants it to, in ways that a real one cannot be brought to. */
export async function startStandIn(handlers: Record<string, Handler>): Promise<StandIn> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    requests.push(route);
    const handler = handlers[route];
    if (handler) return void handler(request, response);
    response.writeHead(404, { 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify({ title: 'Not found', detail: 'no such route', status: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers JSON. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The whole body of a request. */
export function bodyOf(request: IncomingMessage): Promise<string> {
  return text(request);
}

/** What an import answers, everything in it being 0 unless said otherwise. */
export function receipt(more: object = {}): object {
  return { import_id: 'imp-1', lines: 0, messages: 0, accepted: 0, duplicates: 0, rejected: 0, ...more };
}

/** The state of an import. */
export function state(status: string, totals: object = {}): object {
  const none = {
    lines: 0,
    messages: 0,
    accepted: 0,
    duplicates: 0,
    rejected: 0,
    indexed: 0,
    failed: 0,
    pending: 0,
  };
  return {
    import_id: 'imp-1',
    status,
    totals: { ...none, ...totals },
    rate_per_second: null,
    seconds_left: null,
  };
}
