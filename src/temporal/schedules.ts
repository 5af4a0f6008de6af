import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
} from '@temporalio/client';
import {
  MAINTENANCE_JOBS,
  MAINTENANCE_WORKFLOW,
  type MaintenanceInput,
  type MaintenanceJob,
} from '../../workflows/maintenance.contract';
import { REINDEX_WORKFLOW, type ReindexInput } from '../../workflows/reindex.contract';
import { SWEEP_SCHEDULE_ID, SWEEP_WORKFLOW } from '../../workflows/sweep.contract';

export interface SweepScheduleOptions {
  taskQueue: string;
  intervalMs: number;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
}

export interface MaintenanceScheduleOptions {
  taskQueue: string;
  intervalsMs: Record<MaintenanceJob, number>;
  /** Deadline of the calls to Temporal for one schedule. */
  deadlineMs: number;
}

/** A run missed for longer is pointless: the next one finds the same. Temporal's least is ten seconds. */
const CATCHUP_WINDOW_MS = 10_000;
/** Repairing gives way to live traffic. */
const DRIFT_OBJECTS_PER_SECOND = 200;

/** A task queue's own: two installations in one Temporal namespace must not sweep for each other. */
export function sweepScheduleId(taskQueue: string): string {
  return `${SWEEP_SCHEDULE_ID}:${taskQueue}`;
}

/** Likewise a task queue's own. */
export function maintenanceScheduleId(job: MaintenanceJob, taskQueue: string): string {
  return `${job}:${taskQueue}`;
}

/** Makes the sweep's schedule, or brings one made before to these options; several workers may do so at once. */
export async function ensureSweepSchedule(client: Client, options: SweepScheduleOptions): Promise<void> {
  await ensureSchedule(client, {
    ...options,
    scheduleId: sweepScheduleId(options.taskQueue),
    workflowType: SWEEP_WORKFLOW,
    args: [],
    summary: 'Announce messages whose announcement was lost, and bring to the index what is behind',
  });
}

/** The same for the maintenance jobs, each with a schedule of its own. */
export async function ensureMaintenanceSchedules(
  client: Client,
  options: MaintenanceScheduleOptions,
): Promise<void> {
  const { taskQueue, deadlineMs, intervalsMs } = options;
  for (const job of MAINTENANCE_JOBS) {
    const input: MaintenanceInput = { job, dryRun: false, namespace: null, userId: null };
    await ensureSchedule(client, {
      taskQueue,
      deadlineMs,
      intervalMs: intervalsMs[job],
      scheduleId: maintenanceScheduleId(job, taskQueue),
      workflowType: MAINTENANCE_WORKFLOW,
      args: [input],
      summary: `Maintenance: ${job}`,
    });
  }
}

/** Likewise a task queue's own. */
export function driftScheduleId(taskQueue: string): string {
  return `drift:${taskQueue}`;
}

/** The same for the comparison of record and index, which repairs what differs. */
export async function ensureDriftSchedule(client: Client, options: SweepScheduleOptions): Promise<void> {
  const input: ReindexInput = {
    namespace: null,
    userId: null,
    rewrite: false,
    objectsPerSecond: DRIFT_OBJECTS_PER_SECOND,
  };
  await ensureSchedule(client, {
    ...options,
    scheduleId: driftScheduleId(options.taskQueue),
    workflowType: REINDEX_WORKFLOW,
    args: [input],
    summary: 'Compare record and index, and repair what differs',
  });
}

async function ensureSchedule(
  client: Client,
  options: {
    scheduleId: string;
    taskQueue: string;
    workflowType: string;
    args: unknown[];
    summary: string;
    intervalMs: number;
    deadlineMs: number;
  },
): Promise<void> {
  const { scheduleId, taskQueue, intervalMs, deadlineMs } = options;
  const wanted = {
    spec: { intervals: [{ every: intervalMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: options.workflowType,
      workflowId: scheduleId,
      taskQueue,
      args: options.args,
      staticSummary: options.summary,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW_MS },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  await client.withDeadline(Date.now() + deadlineMs, async () => {
    try {
      await client.schedule.create({ scheduleId, ...wanted });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const handle = client.schedule.getHandle(scheduleId);
      // Not at every start of a worker: an update may undo a pause that Temporal is just taking in.
      if (isAs(await handle.describe(), wanted)) return;
      await handle.update((previous) => ({ ...wanted, state: previous.state }));
    }
  });
}

function isAs(
  { spec, policies }: ScheduleDescription,
  wanted: { spec: { intervals: { every: number }[] }; policies: { overlap: string; catchupWindow: number } },
): boolean {
  const everyMs = (spec.intervals ?? []).map((interval) => interval.every);
  return (
    everyMs.length === 1 &&
    everyMs[0] === wanted.spec.intervals[0]?.every &&
    policies.overlap === wanted.policies.overlap &&
    policies.catchupWindow === wanted.policies.catchupWindow
  );
}
