import type { Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import type { Tracing } from '../tracing/tracing';
import { workflowSource } from './bundle';
import { connectionOptions, type TemporalAddress } from './connection';
import { withFailureMapping } from './failures';
import { retryUntil } from './retry-until';
import type { MaintenanceJob } from '../../workflows/maintenance.contract';
import { ensureDriftSchedule, ensureMaintenanceSchedules, ensureSweepSchedule } from './schedules';
import { ensureSearchAttributes } from './search-attributes';
import { wakePartitions } from './wake-partitions';

export interface WorkerLoopOptions {
  at: TemporalAddress;
  /** For what is set up before polling. */
  client: Client;
  taskQueue: string;
  activities: object;
  /** Activities at the same time. */
  concurrency: number;
  /** Its place in Temporal's worker versioning; null: none. */
  version: WorkerDeploymentVersion | null;
  tracing?: Tracing['workerOptions'] | undefined;
  sweepIntervalMs: number;
  driftIntervalMs: number;
  maintenanceIntervalsMs: Record<MaintenanceJob, number>;
  /** Aborted: stop polling, let what runs end, return. */
  signal: AbortSignal;
  /** Called whenever polling has begun. */
  onPolling: () => void;
  logger: Logger;
}

export interface WorkerLoop {
  /** Whether it polls now. */
  isPolling(): boolean;
  /** Resolves after `signal` was aborted and everything has ended. */
  ended: Promise<void>;
}

const SETUP_DEADLINE_MS = 5_000;
const RESTART_DELAY_MS = 1_000;
/** Without a bound of its own a sign of life may be held back for four fifths of the time within which Temporal waits for one. */
const MAX_HEARTBEAT_THROTTLE_MS = 3_000;
/** Activities may end by themselves for so long; then they are told to stop … */
const SHUTDOWN_GRACE_MS = 5_000;
/** … and after this they are left behind: Temporal gives them to another worker. */
const SHUTDOWN_FORCE_MS = 10_000;

/** Runs a worker until it is told to stop: waits for Temporal, and starts anew if the worker ends by an error. */
export function startWorkerLoop(options: WorkerLoopOptions): WorkerLoop {
  let worker: Worker | null = null;
  const ended = (async () => {
    while (!options.signal.aborted) {
      try {
        await runOnce(options, (running) => (worker = running));
      } catch (thrown) {
        if (options.signal.aborted) {
          if (thrown !== options.signal.reason && ensureError(thrown).name !== 'AbortError') throw thrown;
          return;
        }
        options.logger.error({ err: ensureError(thrown) }, 'the Temporal worker ended; starting it again');
        await sleep(RESTART_DELAY_MS, undefined, { signal: options.signal }).catch(() => undefined);
      } finally {
        worker = null;
      }
    }
  })();
  return { isPolling: () => worker?.getState() === 'RUNNING', ended };
}

async function runOnce(options: WorkerLoopOptions, onRunning: (worker: Worker) => void): Promise<void> {
  const { client, signal, logger, taskQueue } = options;
  const connection = await retryUntil(
    'connect to Temporal',
    () => NativeConnection.connect(connectionOptions(options.at)),
    {
      signal,
      logger,
    },
  );
  const setup = new AbortController();
  const stopSetup = (): void => setup.abort(signal.reason);
  const unlessStopped = (thrown: unknown): void => {
    if (!setup.signal.aborted) throw thrown;
  };
  signal.addEventListener('abort', stopSetup, { once: true });
  try {
    await retryUntil('ensure search attributes', () => ensureSearchAttributes(client, SETUP_DEADLINE_MS), {
      signal,
      logger,
    });
    const worker = await createWorker(options, connection);
    const scheduled = retryUntil(
      'ensure the schedules',
      async () => {
        const common = { taskQueue, deadlineMs: SETUP_DEADLINE_MS };
        await ensureSweepSchedule(client, { ...common, intervalMs: options.sweepIntervalMs });
        await ensureMaintenanceSchedules(client, { ...common, intervalsMs: options.maintenanceIntervalsMs });
        await ensureDriftSchedule(client, { ...common, intervalMs: options.driftIntervalMs });
      },
      { signal: setup.signal, logger },
    ).catch(unlessStopped);
    const waking = wakePartitions({ client, taskQueue, signal: setup.signal, logger }).catch(unlessStopped);
    const stop = (): void => worker.shutdown();
    const running = worker.run();
    onRunning(worker);
    logger.info({ taskQueue }, 'polling Temporal');
    options.onPolling();
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      await running;
    } finally {
      signal.removeEventListener('abort', stop);
      setup.abort();
      await Promise.all([scheduled, waking]);
    }
  } finally {
    signal.removeEventListener('abort', stopSetup);
    await connection.close();
  }
}

function createWorker(options: WorkerLoopOptions, connection: NativeConnection): Promise<Worker> {
  return Worker.create({
    connection,
    namespace: options.at.namespace,
    taskQueue: options.taskQueue,
    ...workflowSource(options.tracing?.interceptors),
    ...options.tracing,
    activities: withFailureMapping(options.activities),
    ...versioning(options.version),
    maxConcurrentActivityTaskExecutions: options.concurrency,
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    maxHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE_MS,
    shutdownGraceTime: SHUTDOWN_GRACE_MS,
    shutdownForceTime: SHUTDOWN_FORCE_MS,
  });
}

/** Open runs move to the new build as soon as it is current: histories of released versions replay on it. */
function versioning(version: WorkerDeploymentVersion | null): Partial<WorkerOptions> {
  if (version === null) return {};
  return {
    workerDeploymentOptions: {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
