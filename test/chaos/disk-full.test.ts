import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, type Servers } from '../../src/local/servers';
import { apiClient, type ApiClient } from '../support/api-client';
import { poll } from '../support/poll';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';
import { mountSmallDisk, type SmallDisk } from './disk';
import { ownServers } from './own-servers';

const START_TIMEOUT_MS = 180_000;
const SEEN_DEADLINE_MS = 30_000;
const TEST_TIMEOUT_MS = 120_000;

const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-disk-'));
chmodSync(dataDir, 0o755);
const disk: SmallDisk | null = mountSmallDisk(dataDir);
if (disk === null) console.warn('a full disk is NOT tested: no file system may be mounted here');

let servers: Servers;
let running: ApiProcess;
let api: ApiClient;

beforeAll(async () => {
  if (disk === null) return;
  servers = await startServers({ dataDir, randomPorts: true, durable: true, env: ownServers() });
  running = await startReadyApi({ env: { ...ownEnvironment({ EMBEDDER: 'none' }), ...servers.env } });
  api = apiClient(running.url);
}, START_TIMEOUT_MS);
afterAll(async () => {
  disk?.free();
  await running?.stop();
  await servers?.stop();
  disk?.unmount();
  rmSync(dataDir, { recursive: true, force: true });
}, START_TIMEOUT_MS);

const checked = async (part: string): Promise<{ status: string; detail?: string }> =>
  (await api.get('/health/full')).body.checks[part];

(disk === null ? it.skip : it)(
  'a full disk is seen in the health of both who write to it, and so is room',
  async () => {
    for (const part of ['postgres', 'weaviate'])
      await poll(`${part} is well`, SEEN_DEADLINE_MS, async () => (await checked(part)).status === 'ok');
    disk!.fill();
    const weaviate = await poll('Weaviate says so', SEEN_DEADLINE_MS, async () => {
      const seen = await checked('weaviate');
      return seen.status === 'failing' && seen;
    });
    expect(weaviate.detail).toMatch(/takes no writes.*docs\/runbook\.md/);
    const postgres = await poll('Postgres says so', SEEN_DEADLINE_MS, async () => {
      const seen = await checked('postgres');
      return seen.status === 'failing' && seen;
    });
    expect(postgres.detail).toMatch(/has no room.*docs\/runbook\.md/);
    disk!.free();
    for (const part of ['postgres', 'weaviate'])
      await poll(
        `${part} is well again`,
        SEEN_DEADLINE_MS,
        async () => (await checked(part)).status === 'ok',
      );
  },
  TEST_TIMEOUT_MS,
);
