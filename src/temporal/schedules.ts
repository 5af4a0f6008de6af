import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
} from '@temporalio/client';
import { SWEEP_SCHEDULE_ID, SWEEP_WORKFLOW } from '../../workflows/sweep.contract';

export interface SweepScheduleOptions {
  taskQueue: string;
  intervalMs: number;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
}

/** A sweep missed for longer is pointless: the next one finds the same. Temporal's least is ten seconds. */
const CATCHUP_WINDOW_MS = 10_000;

/** A task queue's own: two installations in one Temporal namespace must not sweep for each other. */
export function sweepScheduleId(taskQueue: string): string {
  return `${SWEEP_SCHEDULE_ID}:${taskQueue}`;
}

/** Makes the sweep's schedule, or brings one made before to these options; several workers may do so at once. */
export async function ensureSweepSchedule(client: Client, options: SweepScheduleOptions): Promise<void> {
  const { taskQueue, intervalMs, deadlineMs } = options;
  const wanted = {
    spec: { intervals: [{ every: intervalMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: SWEEP_WORKFLOW,
      workflowId: sweepScheduleId(taskQueue),
      taskQueue,
      args: [],
      staticSummary: 'Announce messages whose announcement was lost',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW_MS },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
  const scheduleId = sweepScheduleId(taskQueue);
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
