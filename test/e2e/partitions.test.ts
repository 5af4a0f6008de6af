import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { TEMPORAL, findBinary } from '../../src/local/binaries';
import { logFile } from '../../src/local/logs';
import { Supervisor } from '../../src/local/supervisor';
import { temporalSpec } from '../../src/local/temporal-server';
import { createTemporalClient } from '../../src/temporal/connection';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { ownEnvironment, startWorker } from '../support/stack';

const RUNS_OF_A_KIND = 20;
/** Temporal as it was configured before; and it soon notes what it has queued, so that a restart does not queue it again. */
const BEFORE = [
  'matching.numTaskqueueReadPartitions=4',
  'matching.numTaskqueueWritePartitions=4',
  'history.shardUpdateMinInterval="2s"',
  'history.transferProcessorUpdateAckInterval="2s"',
];
/** A run that is started while Temporal still boots keeps it from noting. */
const BOOT_MS = 3_000;
const NOTED_MS = 15_000;
/** A poll ends empty a second before its deadline. */
const POLL_MS = 2_500;
const POLLS_DEADLINE_MS = 20_000;
const ARRIVAL_DEADLINE_MS = 30_000;
/** Longer than this test. */
const ACTIVITY_MS = 300_000;
/** CommandType of Temporal's API. */
const SCHEDULE_ACTIVITY = 1;

jest.setTimeout(120_000);

const namespace = 'default';
const identity = 'test';
const env = ownEnvironment({ EMBEDDER: 'none' });
const taskQueue = { name: env['TEMPORAL_TASK_QUEUE']! };
let dataDir: string;
let supervisor: Supervisor | undefined;
let client: Client;
let closeClient: (() => Promise<void>) | undefined;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-partitions-'));
});
afterAll(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A Temporal on this file's database. */
async function start(dynamicConfig: string[] = []): Promise<void> {
  const [port, uiPort, httpPort, metricsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const binary = findBinary(TEMPORAL)!;
  const log = logFile(dataDir, 'temporal');
  const spec = temporalSpec({ binary, dataDir, logFile: log, port, uiPort, httpPort, metricsPort });
  supervisor = await Supervisor.open({ dataDir, lockWaitMs: 0, log: () => undefined });
  const further = dynamicConfig.flatMap((value) => ['--dynamic-config-value', value]);
  await supervisor.start([{ ...spec, args: [...spec.args, ...further] }]);
  env['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
  const made = createTemporalClient({ address: env['TEMPORAL_ADDRESS'], namespace });
  client = made.client;
  closeClient = made.close;
}

async function stop(): Promise<void> {
  await closeClient?.();
  await supervisor?.stop();
}

/** Starts runs that nobody can work on. @returns their ids */
async function startRuns(): Promise<string[]> {
  const ids = Array.from({ length: RUNS_OF_A_KIND }, () => randomUUID());
  for (const workflowId of ids)
    await client.workflow.start('unknown', { workflowId, taskQueue: taskQueue.name });
  return ids;
}

/** Takes a workflow task, if one comes. @returns its token */
async function takeWorkflowTask(): Promise<Uint8Array | undefined> {
  const task = await client.withDeadline(Date.now() + POLL_MS, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue, identity }),
  );
  return task.taskToken?.length ? task.taskToken : undefined;
}

async function takeActivityTask(): Promise<Uint8Array | undefined> {
  const task = await client.withDeadline(Date.now() + POLL_MS, () =>
    client.workflowService.pollActivityTaskQueue({ namespace, taskQueue, identity }),
  );
  return task.taskToken?.length ? task.taskToken : undefined;
}

/** Brings as many runs as there are to where an activity of theirs waits for a worker. */
async function scheduleActivities(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    const taskToken = await poll('a workflow task', POLLS_DEADLINE_MS, takeWorkflowTask);
    await client.workflowService.respondWorkflowTaskCompleted({
      namespace,
      taskToken,
      identity,
      commands: [
        {
          commandType: SCHEDULE_ACTIVITY,
          scheduleActivityTaskCommandAttributes: {
            activityId: '1',
            activityType: { name: 'unknown' },
            taskQueue,
            startToCloseTimeout: msToTs(ACTIVITY_MS),
          },
        },
      ],
    });
  }
}

/** Those of these runs whose task waits where no worker gets it. */
async function waiting(runs: string[]): Promise<string[]> {
  const described = await Promise.all(runs.map((id) => client.workflow.getHandle(id).describe()));
  return runs.filter((_, i) => {
    const { pendingActivities, pendingWorkflowTask } = described[i]!.raw;
    const [activity] = pendingActivities ?? [];
    const started = activity ? activity.lastStartedTime : pendingWorkflowTask?.startedTime;
    return !started && ((activity ?? pendingWorkflowTask)?.attempt ?? 1) === 1;
  });
}

test('a worker gets what Temporal had put into partitions that it reads no longer', async () => {
  await start(BEFORE);
  await sleep(BOOT_MS);
  const ofActivities = await startRuns();
  await scheduleActivities(RUNS_OF_A_KIND);
  const ofWorkflows = await startRuns();
  await sleep(NOTED_MS);
  await stop();

  await start();
  while (await takeWorkflowTask());
  while (await takeActivityTask());
  expect(await waiting(ofWorkflows)).not.toEqual([]);
  expect(await waiting(ofActivities)).not.toEqual([]);

  const worker = await startWorker({ env });
  try {
    await poll('every task has come to the worker', ARRIVAL_DEADLINE_MS, async () => {
      const left = await waiting([...ofWorkflows, ...ofActivities]);
      if (left.length > 0) throw new Error(`${left.length} wait; the worker said:\n${worker.output()}`);
      return true;
    });
  } finally {
    expect(await worker.stop()).toBe(0);
  }
});
