import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createMcpServer, type McpOptions } from './create-server';

const LOOPBACK = '127.0.0.1';
const PATH = '/mcp';

/** Serves one program over standard input and output; resolves when it goes away. */
export async function serveStdio(options: McpOptions): Promise<void> {
  const server = createMcpServer(options);
  const closed = new Promise<void>((resolve) => (server.server.onclose = resolve));
  process.stdin.once('end', () => void server.close());
  await server.connect(new StdioServerTransport());
  await closed;
}

export interface McpHttpServer {
  url: string;
  close(): void;
}

/** Serves MCP over HTTP on this machine alone, one request at a time and without sessions. */
export async function serveHttp(options: McpOptions, port: number): Promise<McpHttpServer> {
  const server = http.createServer((request, response) => {
    handle(options, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${bound}${PATH}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function handle(
  options: McpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url !== PATH || request.method !== 'POST') {
    response.writeHead(request.url === PATH ? 405 : 404, { Allow: 'POST' }).end();
    return;
  }
  const { host = '' } = request.headers;
  // A web page that names this machine by a name of its own must not reach it.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return void response.writeHead(403).end();
  const server = createMcpServer(options);
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on('close', () => void server.close());
  await server.connect(transport as unknown as Transport);
  await transport.handleRequest(request, response);
}
