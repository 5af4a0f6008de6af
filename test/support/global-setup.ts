import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, type Servers } from '../../src/local/servers';

/** What the teardown finds again: both run in jest's parent process. */
export interface TestServers {
  servers: Servers;
  dataDir: string;
}

declare global {
  var testServers: TestServers | undefined;
}

/** Starts the servers that all tests share, on ports of their own; a server named in the environment is used as it is. */
export default async function globalSetup(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-test-'));
  // Started by root, Postgres runs as another user, who has to get to its own folder within.
  chmodSync(dataDir, 0o755);
  const servers = await startServers({ dataDir, randomPorts: true, durable: false });
  globalThis.testServers = { servers, dataDir };
  Object.assign(process.env, servers.env);
}
