import type { MemoryClient } from '../../client';
import { serveHttp, serveStdio } from '../../mcp/serve';
import { EXIT, type ExitCode } from '../exit';
import { interruptible } from '../interrupts';

/** `mcp` */
export async function serveMcp(
  client: MemoryClient,
  { user, http, version }: { user?: string; http?: number; version: string },
): Promise<ExitCode> {
  const options = { client, userId: user, version };
  if (http === undefined) {
    await serveStdio(options);
    return EXIT.done;
  }
  const server = await serveHttp(options, http);
  console.error(`MCP at ${server.url}; Ctrl-C ends.`);
  await interruptible(
    ({ first }) => new Promise<void>((resolve) => first.addEventListener('abort', () => resolve())),
  );
  server.close();
  return EXIT.done;
}
