import { randomUUID } from 'node:crypto';
import { SWEEP_WORKFLOW, type SweepResult } from '../../workflows/sweep.contract';
import { ensureSweepSchedule, sweepScheduleId } from '../../src/temporal/schedules';
import { until } from './support/until';
import { openWorld, quietRuntime, type WorkflowWorld } from './support/workflow-world';

const MAX_SWEEP_EVENTS = 12;

quietRuntime();
let world: WorkflowWorld;
let pages: SweepResult[] = [];
let sweeps = 0;
beforeAll(async () => {
  world = await openWorld({
    activities: {
      announceMissed: async (): Promise<SweepResult> => {
        sweeps += 1;
        return pages.shift() ?? { announced: 0, more: false };
      },
    },
  });
});
afterAll(() => world.close());

const schedule = () => world.client.schedule.getHandle(sweepScheduleId(world.taskQueue));

describe('the sweep', () => {
  it('goes on while there is more, and has a short history', async () => {
    pages = [
      { announced: 500, more: true },
      { announced: 3, more: false },
    ];
    const result: unknown = await world.client.workflow.execute(SWEEP_WORKFLOW, {
      taskQueue: world.taskQueue,
      workflowId: `sweep-${randomUUID()}`,
    });
    expect(result).toEqual({ announced: 503, more: false });
    const handle = await world.client.workflow.start(SWEEP_WORKFLOW, {
      taskQueue: world.taskQueue,
      workflowId: `sweep-${randomUUID()}`,
    });
    await handle.result();
    expect((await handle.fetchHistory()).events!.length).toBeLessThanOrEqual(MAX_SWEEP_EVENTS);
  });

  it('is run by a schedule that is made once and follows its settings', async () => {
    const options = { taskQueue: world.taskQueue, intervalMs: 3_600_000, deadlineMs: 5_000 };
    await Promise.all([
      ensureSweepSchedule(world.client, options),
      ensureSweepSchedule(world.client, options),
    ]);
    try {
      await schedule().pause('a person looks into it');
      await until('it is paused', async () => (await schedule().describe()).state.paused);
      await ensureSweepSchedule(world.client, { ...options, intervalMs: 1_000 });
      const described = await until('the update is seen', async () => {
        const seen = await schedule().describe();
        return seen.spec.intervals?.[0]?.every === 1_000 ? seen : null;
      });
      expect(described.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 });
      expect(described.state.paused).toBe(true);
      const before = sweeps;
      await schedule().unpause();
      await until('the schedule sweeps', () => sweeps > before);
    } finally {
      await schedule().delete();
    }
  });
});
