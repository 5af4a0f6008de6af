import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { importWorkflowId } from '../../src/domain/import';
import { createImportTeller } from '../../src/temporal/import-signals';
import {
  IMPORT_CHANGED_SIGNAL,
  IMPORT_PROGRESS_QUERY,
  IMPORT_WORKFLOW,
  type ImportSlice,
  type ImportStanding,
} from '../../workflows/import.contract';
import { MEM_PENDING, MEM_PHASE } from '../../workflows/search-attributes.contract';
import { importStanding } from './support/import-double';
import { until } from './support/until';
import { openWorld, quietRuntime, type WorkflowWorld } from './support/workflow-world';

/** One slice: an activity, two workflow tasks' worth of events and what is published. */
const EVENTS_A_SLICE = 8;

quietRuntime();
let world: WorkflowWorld;
/** What the next slices answer, by import; the last one again and again. */
const slices = new Map<string, ImportStanding[]>();
/** What each slice was asked, by import: whether to be brief. */
const calls = new Map<string, boolean[]>();
beforeAll(async () => {
  world = await openWorld({
    activities: {
      advanceImport: async ({ importId, briefly = false }: ImportSlice): Promise<ImportStanding> => {
        calls.set(importId, [...(calls.get(importId) ?? []), briefly]);
        const left = slices.get(importId)!;
        return left.length > 1 ? left.shift()! : left[0]!;
      },
    },
  });
});
afterAll(() => world.close());

async function start(standings: ImportStanding[], maxEvents?: number): Promise<WorkflowHandle> {
  const importId = randomUUID();
  slices.set(importId, standings);
  return world.client.workflow.start(IMPORT_WORKFLOW, {
    taskQueue: world.taskQueue,
    workflowId: importWorkflowId(importId),
    args: [{ namespace: 'test', importId, ...(maxEvents ? { maxEvents } : {}) }],
  });
}
const callsOf = (handle: WorkflowHandle): boolean[] =>
  calls.get(handle.workflowId.slice('import:'.length)) ?? [];
const DONE = importStanding({ status: 'completed', finished: true });

describe('the workflow of an import', () => {
  it('goes on slice by slice until nothing is left, and has a short history', async () => {
    const running = [60, 40, 20].map((pending) => importStanding({ pending }));
    const handle = await start([...running, DONE]);
    expect(await handle.result()).toEqual(DONE);
    const { historyLength, typedSearchAttributes } = await handle.describe();
    expect(historyLength).toBeLessThanOrEqual(4 * EVENTS_A_SLICE + 5);
    expect(typedSearchAttributes.get(MEM_PHASE)).toBe('completed');
    expect(typedSearchAttributes.get(MEM_PENDING)).toBe(0);
    // How it begins is shown soon.
    expect(callsOf(handle)).toEqual([true, false, false, false]);
  });

  it('does nothing while it is paused, and looks at once when told', async () => {
    const handle = await start([importStanding({ status: 'paused', pending: 50 })]);
    await until('it is paused', async () => {
      const seen = (await handle.describe()).typedSearchAttributes.get(MEM_PHASE);
      return seen === 'paused';
    });
    expect(await handle.query(IMPORT_PROGRESS_QUERY)).toMatchObject({
      status: 'paused',
      totals: { pending: 50 },
    });
    expect(callsOf(handle)).toHaveLength(1);
    slices.set(handle.workflowId.slice('import:'.length), [DONE]);
    await handle.signal(IMPORT_CHANGED_SIGNAL);
    await handle.result();
    // What was told is shown soon.
    expect(callsOf(handle)).toEqual([true, true]);
  });

  it('continues as new before its history grows long', async () => {
    const handle = await start([60, 40, 20].map((pending) => importStanding({ pending })).concat(DONE), 20);
    const first = (await handle.describe()).runId;
    expect(await handle.result()).toEqual(DONE);
    expect((await world.client.workflow.getHandle(handle.workflowId).describe()).runId).not.toBe(first);
    expect(callsOf(handle)).toHaveLength(4);
  });

  it('is started by whoever tells it first, and only told by the next', async () => {
    const ref = { namespace: 'test', importId: randomUUID() };
    slices.set(ref.importId, [importStanding({ status: 'paused' })]);
    const { client, taskQueue } = world;
    const logger = { warn: () => undefined } as never;
    const teller = createImportTeller({ client, taskQueue, deadlineMs: 5_000, logger });
    expect(await Promise.all([teller.tell(ref), teller.tell(ref)])).toEqual([true, true]);
    slices.set(ref.importId, [DONE]);
    expect(await teller.tell(ref)).toBe(true);
    const handle = client.workflow.getHandle(importWorkflowId(ref.importId));
    expect(await handle.result()).toEqual(DONE);
    expect((await handle.describe()).priority?.priorityKey).toBe(4);
  });

  it('says no rather than throw when Temporal does not answer in time', async () => {
    const { client, taskQueue } = world;
    const warned: unknown[] = [];
    const logger = { warn: (about: unknown) => warned.push(about) } as never;
    const teller = createImportTeller({ client, taskQueue, deadlineMs: -1, logger });
    expect(await teller.tell({ namespace: 'test', importId: randomUUID() })).toBe(false);
    expect(warned).toHaveLength(1);
  });
});
