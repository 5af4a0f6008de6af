import { randomUUID } from 'node:crypto';
import http, {
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DomainError } from '../domain/errors';
import { PROBLEM_TYPE, problemOf } from './problem';

/** A message of 32,768 characters may be asked as a query: in a URL that is twelve bytes a character at worst. */
const MAX_HEADER_BYTES = 512 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** How late a deadline may be noticed. */
const CHECK_EVERY_MS = 1_000;
/** A body whose answer is out is of no use: its sender may finish within this. */
const UNREAD_BODY_DEADLINE_MS = 10_000;
const CLOSE_IDLE_EVERY_MS = 50;
/** Longer than proxies keep theirs (mostly 60 s), so that they never reuse a connection we are closing. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** An HTTP server with deadlines for slow clients, that answers what cannot be parsed with a problem document too. */
export function createHttpServer(listener: RequestListener): Server {
  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      // A stream takes as long as it takes; who reads a whole body gives it a deadline (json-body.ts).
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    listener,
  );
  server.on('clientError', answerUnparsable);
  server.on('request', cutUnreadBody);
  return server;
}

/** Who was refused must not keep a connection busy by sending on for ever. */
function cutUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.destroy(), UNREAD_BODY_DEADLINE_MS);
    request.once('close', () => clearTimeout(timer));
    request.once('end', () => clearTimeout(timer));
  });
}

function answerUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = UNPARSABLE[error.code ?? ''] ?? 400;
  const title = STATUS_CODES[status] ?? 'Bad Request';
  const { body } = problemOf(
    new DomainError(status, title, DETAILS[status] ?? 'This is not HTTP.'),
    randomUUID(),
  );
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

const UNPARSABLE: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const DETAILS: Record<number, string> = {
  408: `The headers did not arrive within ${HEADERS_TIMEOUT_MS / 1_000} seconds.`,
  431: `The request line and headers may have at most ${MAX_HEADER_BYTES} bytes.`,
};

/** Binds the server. @returns the URL it answers on */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { address, port: bound, family } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
    });
  });
}

/** Stops accepting, waits for requests in flight, at most `deadlineMs`; then cuts what is left. */
export async function closeGracefully(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection turns idle only once its answer is out.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

/** Whether an address is reachable from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
