import { rmSync } from 'node:fs';
import './global-setup';

/** Ends the servers that the setup started, and removes their data. */
export default async function globalTeardown(): Promise<void> {
  const shared = globalThis.testServers;
  if (shared === undefined) return;
  await shared.servers.stop();
  rmSync(shared.dataDir, { recursive: true, force: true });
}
