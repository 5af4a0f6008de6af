import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectionName } from '../../src/index/weaviate-collection';
import { startServers } from '../../src/local/servers';
import { createPool } from '../../src/record/pool';
import { createTemporalClient } from '../../src/temporal/connection';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import { mountSmallDisk } from './disk';
import { FaultInjector } from './faults';
import { ownServers } from './own-servers';
import { Processes } from './processes';
import { planFaults } from './schedule';
import { Traffic } from './traffic';
import { judge, type Verdict } from './verdict';

const START_DEADLINE_MS = 120_000;
const SETTLE_DEADLINE_MS = 150_000;
const TAIL_MS = 3_000;
const ERASE_AFTER_MS = 6_000;
const LEFT = `
  SELECT ((SELECT count(*) FROM messages WHERE namespace = $1 AND user_id = $2)
        + (SELECT count(*) FROM memories WHERE namespace = $1 AND user_id = $2)
        + (SELECT count(*) FROM users WHERE namespace = $1 AND user_id = $2)
        + (SELECT count(*) FROM erasures WHERE finished_at IS NULL))::int AS rows`;

export interface ChaosOutcome extends Verdict {
  seed: number;
  faults: Record<string, number>;
  skipped: string[];
  sent: number;
  resent: number;
  settledMs: number;
  /** The longest time from the end of a fault until the part answered again. */
  recoveryMs: Record<string, number>;
}

/** Runs a whole stack of its own, hurts it by a seeded schedule under traffic, and compares the stores afterwards. */
export async function runChaos(options: {
  seed: number;
  rounds: number;
  log(line: string): void;
}): Promise<ChaosOutcome> {
  const { seed, rounds, log } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-chaos-'));
  chmodSync(dataDir, 0o755);
  const disk = mountSmallDisk(dataDir);
  if (disk === null) log('SKIPPED: disk-full, since no file system may be mounted here');
  const servers = await startServers({ dataDir, randomPorts: true, durable: true, env: ownServers(), log });
  const namespace = `chaos-${randomUUID().slice(0, 8)}`;
  const processes = new Processes(dataDir, {
    ...servers.env,
    NAMESPACE: namespace,
    EMBEDDER: 'none',
    SWEEP_INTERVAL_MS: '3000',
    FLUSH_INTERVAL_MS: '2000',
    HEARTBEAT_INTERVAL_MS: '1000',
    LOG_LEVEL: 'warn',
  });
  const pool = createPool({ url: servers.env.DATABASE_URL, size: 4, onError: () => undefined });
  const temporal = createTemporalClient({ address: servers.env.TEMPORAL_ADDRESS, namespace: 'default' });
  try {
    await processes.start();
    const urls = processes.urls();
    for (const url of urls)
      await poll('the stack is up', START_DEADLINE_MS, async () => (await health(url)).status === 'ok');
    const weaviate = {
      url: servers.env.WEAVIATE_URL,
      key: servers.env.WEAVIATE_API_KEY,
      collection: collectionName('Memory', null),
    };
    const traffic = new Traffic(urls);
    const injector = new FaultInjector({ processes, disk, weaviate, urls, log });
    const importing = traffic.import();
    const writing = traffic.live();
    const erasing = traffic.erase(ERASE_AFTER_MS);
    // Their failure is thrown below, when they are waited for.
    for (const work of [importing, writing, erasing]) work.catch(() => undefined);
    await injector.run(planFaults(seed, rounds));
    await sleep(TAIL_MS);
    traffic.stop();
    await writing;
    await importing;
    const erased = await erasing;
    const expected = traffic.acknowledged.size;
    const calm = Date.now();
    await poll('everything is indexed', SETTLE_DEADLINE_MS, async () => {
      const found = await census(pool, namespace);
      return found.brokenConversations === 0 && found.messages >= expected;
    });
    await poll('nothing is left of who was erased', SETTLE_DEADLINE_MS, async () => {
      const left = await pool.query(LEFT, [namespace, erased]);
      return left.rows[0].rows === 0;
    });
    const settledMs = Date.now() - calm;
    for (const url of urls)
      await poll('all parts are well', SETTLE_DEADLINE_MS, async () => (await health(url)).status === 'ok');
    // A run writes its last step down a moment after the record has it.
    const judged = (): Promise<Verdict> =>
      judge({ pool, temporal: temporal.client, weaviate }, namespace, {
        acknowledged: traffic.acknowledged,
        erased,
      });
    const verdict = await poll('the stores agree', SETTLE_DEADLINE_MS / 5, async () => {
      const one = await judged();
      return one.problems.length === 0 && one;
    }).catch(judged);
    const { sent, resent } = traffic;
    const { counts: faults, skipped, recoveryMs } = injector;
    return { ...verdict, seed, faults, skipped, sent, resent, settledMs, recoveryMs };
  } finally {
    disk?.free();
    await processes.stop();
    await Promise.allSettled([pool.end(), temporal.close()]);
    await servers.stop();
    disk?.unmount();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function health(url: string): Promise<{ status?: string }> {
  const response = await fetch(`${url}/health/full`, { signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as { status?: string };
}
