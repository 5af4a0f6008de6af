import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Pool } from 'pg';
import { conversationWorkflowId } from '../../src/domain/ids';
import { createPool } from '../../src/record/pool';
import { createTemporalClient } from '../../src/temporal/connection';
import { apiClient, type ApiClient } from '../support/api-client';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import {
  DIST,
  ownEnvironment,
  startReadyApi,
  startWorker,
  type ApiProcess,
  type StackProcess,
} from '../support/stack';

const WITHIN_MS = 45_000;
const TEMPORAL_NAMESPACE = 'default';
const USER = 'ada';
/** What the SDK calls the event of a `patched()` that was true. */
const PATCH_MARKER = 'core_patch';

const deployment = `memories-${randomUUID()}`;
const env = ownEnvironment({
  EMBEDDER: 'none',
  FLUSH_INTERVAL_MS: '600000',
  WORKER_DEPLOYMENT_NAME: deployment,
});
const temporal = createTemporalClient({
  address: process.env['TEMPORAL_ADDRESS']!,
  namespace: TEMPORAL_NAMESPACE,
});

let process_: ApiProcess;
let api: ApiClient;
let pool: Pool;
let nextBuild: string;
const workers: StackProcess[] = [];
beforeAll(async () => {
  process_ = await startReadyApi({ env });
  api = apiClient(process_.url);
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });
  nextBuild = await buildNext();
}, 90_000);
afterAll(async () => {
  await Promise.all([process_?.stop(), ...workers.map((worker) => worker.stop()), pool?.end()]);
  await temporal.close();
  if (nextBuild) rmSync(path.dirname(nextBuild), { recursive: true });
}, 60_000);

/** A second build beside the one that is tested: the same but for its workflows. @returns its dist folder */
async function buildNext(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-next-'));
  const dist = path.join(folder, 'dist');
  cpSync(DIST, dist, { recursive: true, filter: (file) => !file.startsWith(path.join(DIST, 'test')) });
  symlinkSync(path.join(DIST, '../node_modules'), path.join(folder, 'node_modules'));
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflow/support/next-build'),
    logger: new DefaultLogger('ERROR'),
  });
  writeFileSync(path.join(dist, 'workflow-bundle.js'), code);
  return dist;
}

async function work(buildId: string, dist?: string): Promise<StackProcess> {
  const worker = await startWorker({ env: { ...env, WORKER_BUILD_ID: buildId }, ...(dist ? { dist } : {}) });
  workers.push(worker);
  return worker;
}

/** What `temporal worker deployment set-current-version` does; possible once a worker of the build polls. */
async function makeCurrent(buildId: string): Promise<void> {
  await poll(`build ${buildId} is current`, WITHIN_MS, async () => {
    await temporal.client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace: TEMPORAL_NAMESPACE,
      deploymentName: deployment,
      buildId,
      identity: 'test',
    });
    return true;
  });
}

const say = async (conversation: string, count: number): Promise<void> => {
  const messages = Array.from({ length: count }, (_, i) => ({ role: 'user', content: `Number ${i}.` }));
  const path_ = `/v1/conversations/${conversation}/messages`;
  expect((await api.post(path_, { user_id: USER, messages })).status).toBe(202);
};

const standing = async (conversation: string) =>
  (await api.get(`/v1/conversations/${conversation}?user_id=${USER}`)).body;

const indexed = (conversation: string, through: number): Promise<unknown> =>
  poll(
    `messages through ${through} are indexed`,
    WITHIN_MS,
    async () => (await standing(conversation)).indexed_through >= through,
  );

/** The run's id, the builds that have worked on it one after the other, and whether it has met a patch. */
async function historyOf(conversationId: string) {
  const id = conversationWorkflowId({ namespace: env['NAMESPACE']!, userId: USER, conversationId });
  const handle = temporal.client.workflow.getHandle(id);
  const { events } = await handle.fetchHistory();
  const builds = (events ?? []).flatMap((event) => {
    const done = event.workflowTaskCompletedEventAttributes;
    const build = done?.deploymentVersion?.buildId ?? done?.workerDeploymentVersion?.split(/[.:]/).at(-1);
    return build ? [build] : [];
  });
  const { runId } = await handle.describe();
  return {
    runId,
    builds: builds.filter((build, i) => build !== builds[i - 1]),
    patched: (events ?? []).some((event) => event.markerRecordedEventAttributes?.markerName === PATCH_MARKER),
  };
}

it('a conversation that one build began goes on under the next, in the same run, and nothing is lost', async () => {
  const first = await work('a');
  await say('old', 8);
  await makeCurrent('a');
  // The last two wait for a third: the run is in the middle of a window when the build changes.
  await indexed('old', 6);
  expect(await standing('old')).toMatchObject({ pending: 2, phase: 'buffering' });
  const before = await historyOf('old');
  expect(before).toMatchObject({ builds: ['a'], patched: false });

  await work('b', nextBuild);
  await makeCurrent('b');
  await first.stop();
  await say('old', 1);
  await indexed('old', 9);
  expect(await historyOf('old')).toEqual({ runId: before.runId, builds: ['a', 'b'], patched: false });

  await say('new', 1);
  await indexed('new', 1);
  // What the next build does otherwise, it does in runs that it began.
  expect(await historyOf('new')).toMatchObject({ builds: ['b'], patched: true });
  expect(await census(pool, env['NAMESPACE']!)).toEqual({
    messages: 10,
    outsideOneBatch: 0,
    brokenConversations: 0,
    batchesWithoutMemory: 0,
    rawMemories: 8,
    failedBatches: 0,
  });
}, 120_000);
