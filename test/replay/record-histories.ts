import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { conversationWorkflowId } from '../../src/domain/ids';
import type { ConversationRef } from '../../src/domain/message';
import { DEFAULT_INGESTION_POLICY, type IngestionPolicy } from '../../src/domain/policy';
import type { Telling } from '../../src/domain/telling';
import { EXTRACTION_WORKFLOW, type WindowRange } from '../../workflows/extraction.contract';
import { IMPORT_CHANGED_SIGNAL, IMPORT_WORKFLOW, type ImportStanding } from '../../workflows/import.contract';
import { ERASE_WORKFLOW } from '../../workflows/erase.contract';
import { MAINTENANCE_WORKFLOW, type MaintenancePage } from '../../workflows/maintenance.contract';
import { REINDEX_WORKFLOW, type ReindexCounts, type ReindexInput } from '../../workflows/reindex.contract';
import { SWEEP_WORKFLOW } from '../../workflows/sweep.contract';
import { EPISODES_CHANGED_SIGNAL, TIERS_WORKFLOW, type TiersRefreshed } from '../../workflows/tiers.contract';
import {
  openWorld,
  quietRuntime,
  type WorkflowWorld,
  type WorldOptions,
} from '../workflow/support/workflow-world';
import { importStanding } from '../workflow/support/import-double';
import { until } from '../workflow/support/until';
import { noteSources } from './workflow-sources';

/**
 * Records one history a shape from a real server, for the replay tests:
 *
 *     npm run build && TEMPORAL_ADDRESS=127.0.0.1:7233 node dist/test/replay/record-histories.js v2 size window
 *
 * The first argument is the version, the others the shapes (all if none is named). Histories of released versions stay:
 * new ones go beside them under the next version.
 */
const HISTORIES = resolve(__dirname, '../../../test/histories');
const HOUR_MS = 3_600_000;

interface Shape {
  options?: WorldOptions;
  /** Plays the conversation. @returns the runs to keep besides the last one */
  play(world: WorkflowWorld, ref: ConversationRef): Promise<string[] | void>;
}

const policy = (changes: Partial<IngestionPolicy>): IngestionPolicy => ({
  ...DEFAULT_INGESTION_POLICY,
  ...changes,
});
const handleOf = (world: WorkflowWorld, ref: ConversationRef) =>
  world.client.workflow.getHandle(conversationWorkflowId(ref));
const closed = (world: WorkflowWorld, ref: ConversationRef) =>
  until('the run has ended', async () => (await handleOf(world, ref).describe()).status.name === 'COMPLETED');
const heard = (world: WorkflowWorld, ref: ConversationRef, seq: number) =>
  until(`message ${seq} heard`, async () => (await world.progress(ref)).storedThrough >= seq);

const SHAPES: Record<string, Shape> = {
  size: {
    async play(world, ref) {
      for (let seq = 1; seq <= 10; seq += 1) {
        await world.say(ref);
        await (seq <= 6 || seq === 9 ? world.indexed(ref, seq) : heard(world, ref, seq));
      }
    },
  },
  window: {
    async play(world, ref) {
      world.ingest.of(ref).policy = policy({ lowVolumeBatchSize: 5, flushIntervalMs: 400 });
      for (const seq of [1, 2, 3]) {
        await world.say(ref);
        await heard(world, ref, seq);
      }
      await world.indexed(ref, 3);
      await world.say(ref);
      await world.indexed(ref, 4);
    },
  },
  flush: {
    async play(world, ref) {
      await world.say(ref, 8);
      await world.indexed(ref, 6);
      await world.signal(ref, { throughSeq: 8, flushThrough: 8, storedAtMs: Date.now() });
      await world.indexed(ref, 8);
    },
  },
  'idle-close': {
    options: { idleCloseMs: 300 },
    async play(world, ref) {
      world.ingest.of(ref).policy = policy({ lowVolumeBatchSize: 5, flushIntervalMs: HOUR_MS });
      await world.say(ref, 2);
      await closed(world, ref);
    },
  },
  settled: {
    async play(world, ref) {
      world.ingest.settles = true;
      const throughSeq = world.ingest.store(ref, 4);
      await world.signal(ref, { throughSeq, flushThrough: throughSeq });
      await closed(world, ref);
    },
  },
  'policy-change': {
    async play(world, ref) {
      world.ingest.of(ref).policy = policy({ lowVolumeBatchSize: 5, flushIntervalMs: HOUR_MS });
      await world.say(ref, 2);
      await until('the window runs', async () => (await world.progress(ref)).windowEndsAtMs);
      world.ingest.of(ref).policy = policy({ lowVolumeBatchSize: 5, flushIntervalMs: 300 });
      await world.policyChanged(ref);
      await world.indexed(ref, 2);
    },
  },
  retry: {
    async play(world, ref) {
      world.ingest.failing.add(2);
      await world.say(ref, 3);
      await world.indexed(ref, 3);
      world.ingest.failing.delete(2);
      world.ingest.putFailedBack(ref);
      await world.retryFailed(ref);
      await until('all is indexed', () =>
        world.ingest.of(ref).batches.every((batch) => batch.status === 'indexed'),
      );
    },
  },
  late: {
    async play(world, ref) {
      await world.say(ref, 6);
      await world.indexed(ref, 6);
      await world.signal(ref, { throughSeq: world.ingest.store(ref) });
      await until('the record was asked', () => world.ingest.of(ref).calls.length === 2);
      await heard(world, ref, 7);
    },
  },
  backlog: {
    async play(world, ref) {
      world.ingest.pageSize = 2;
      await world.say(ref, 6);
      await world.indexed(ref, 6);
    },
  },
  'roll-over': {
    options: { maxEvents: 60 },
    async play(world, ref) {
      const runs = new Set<string>();
      while (runs.size < 2) {
        const seq = await world.say(ref);
        await heard(world, ref, seq);
        runs.add((await handleOf(world, ref).describe()).runId);
      }
      const stored = await world.say(ref);
      await world.signal(ref, { throughSeq: stored, flushThrough: stored, storedAtMs: Date.now() });
      await world.indexed(ref, stored);
      return [[...runs][0]!];
    },
  },
  'activity-failure': {
    async play(world, ref) {
      world.ingest.beforeIngest = () => {
        if (world.ingest.of(ref).calls.length <= 2)
          throw ApplicationFailure.nonRetryable('a bug', 'TypeError');
      };
      await world.say(ref);
      await until('it has failed twice', () => world.ingest.of(ref).calls.length >= 2);
      await world.retryFailed(ref);
      await world.indexed(ref, 1);
    },
  },
};

/** The workflows that are not a conversation's. */
const OTHERS: Record<string, (version: string) => Promise<void>> = {
  sweep: recordSweep,
  import: recordImport,
  maintenance: recordMaintenance,
  erase: recordErase,
  extraction: recordExtraction,
  tiers: recordTiers,
  reindex: recordReindex,
};

async function main(): Promise<void> {
  const [version, ...wanted] = process.argv.slice(2);
  if (!version || !/^v\d+$/.test(version)) throw new Error('usage: record-histories.js v<number> [shape …]');
  quietRuntime();
  await mkdir(HISTORIES, { recursive: true });
  const shapes = wanted.length > 0 ? wanted : [...Object.keys(SHAPES), ...Object.keys(OTHERS)];
  for (const name of shapes) {
    const other = OTHERS[name];
    if (other) await other(version);
    else await recordConversation(name, version);
  }
}

async function recordConversation(name: string, version: string): Promise<void> {
  const shape = SHAPES[name];
  if (!shape)
    throw new Error(
      `there is no shape ${name}: ${[...Object.keys(SHAPES), ...Object.keys(OTHERS)].join(', ')}`,
    );
  const world = await openWorld(shape.options);
  try {
    const ref = {
      namespace: 'default',
      userId: `user-${name}`,
      conversationId: `recorded-${version}-${Date.now()}`,
    };
    const earlierRuns = (await shape.play(world, ref)) ?? [];
    for (const [place, runId] of earlierRuns.entries()) {
      await keep(`conversation.${name}-${place + 1}.${version}`, world, conversationWorkflowId(ref), runId);
    }
    await keep(`conversation.${name}.${version}`, world, conversationWorkflowId(ref));
    const status = (await handleOf(world, ref).describe()).status.name;
    if (status === 'RUNNING') await handleOf(world, ref).terminate('recorded');
  } finally {
    await world.close();
  }
}

async function recordSweep(version: string): Promise<void> {
  const pages = [
    { announced: 500, more: true },
    { announced: 3, more: false },
  ];
  const world = await openWorld({ activities: { announceMissed: async () => pages.shift() } });
  try {
    const workflowId = `sweep:recorded-${version}-${Date.now()}`;
    await world.client.workflow.execute(SWEEP_WORKFLOW, { taskQueue: world.taskQueue, workflowId });
    await keep(`sweep.${version}`, world, workflowId);
  } finally {
    await world.close();
  }
}

/** One window is read, one is left for later. */
async function recordExtraction(version: string): Promise<void> {
  const windows: WindowRange[] = [
    { firstSeq: 1, lastSeq: 20 },
    { firstSeq: 21, lastSeq: 40 },
  ];
  const world = await openWorld({
    activities: {
      nextWindow: async () => windows[0] ?? null,
      extractWindow: async ({ firstSeq }: WindowRange) => {
        if (firstSeq > 1) throw ApplicationFailure.nonRetryable('the service answered 400', 'RefusedError');
        windows.shift();
        return windows[0] ?? null;
      },
      degradeWindow: async () => {
        windows.shift();
        return null;
      },
    },
  });
  try {
    const workflowId = `extract:recorded-${version}-${Date.now()}`;
    const ref = { namespace: 'default', userId: 'user-extraction', conversationId: workflowId };
    const options = { taskQueue: world.taskQueue, workflowId, args: [{ ref }] };
    await world.client.workflow.execute(EXTRACTION_WORKFLOW, options);
    await keep(`extraction.${version}`, world, workflowId);
  } finally {
    await world.close();
  }
}

async function recordMaintenance(version: string): Promise<void> {
  const pages: MaintenancePage[] = [
    { counts: { examined: 40, merged: 2, created: 1 }, next: 'a1' },
    { counts: { examined: 5, merged: 0, created: 0 }, next: null },
  ];
  const world = await openWorld({ activities: { maintain: async () => pages.shift() } });
  try {
    const workflowId = `maintenance:recorded-${version}-${Date.now()}`;
    const input = { job: 'compact', dryRun: false, namespace: null, userId: null };
    await world.client.workflow.execute(MAINTENANCE_WORKFLOW, {
      taskQueue: world.taskQueue,
      workflowId,
      args: [input],
    });
    await keep(`maintenance.${version}`, world, workflowId);
  } finally {
    await world.close();
  }
}

/** One that goes well, and one after which Postgres will not be vacuumed. */
async function recordErase(version: string): Promise<void> {
  let refuses = false;
  const world = await openWorld({
    activities: {
      deleteUserRuns: async () => 3,
      removeUserFromIndex: async () => undefined,
      deleteUserRecords: async () => 120,
      finishErasure: async () => undefined,
      reclaimSpace: async () => {
        if (refuses) throw ApplicationFailure.nonRetryable('refused', 'Error');
      },
    },
  });
  try {
    for (const name of ['run', 'not-vacuumed']) {
      refuses = name === 'not-vacuumed';
      const workflowId = `erase:recorded-${name}-${version}-${Date.now()}`;
      const args = [{ namespace: 'default', userHash: workflowId }];
      await world.client.workflow.execute(ERASE_WORKFLOW, { taskQueue: world.taskQueue, workflowId, args });
      await keep(`erase.${name}.${version}`, world, workflowId);
    }
  } finally {
    await world.close();
  }
}

/** One that is paused, resumed and finished, and the run before one that continues as new. */
async function recordImport(version: string): Promise<void> {
  const standings: ImportStanding[] = [
    importStanding({ status: 'receiving', pending: 40 }),
    importStanding({ status: 'paused', pending: 30 }),
    importStanding({ status: 'running', pending: 30 }),
    importStanding({ status: 'completed', finished: true }),
  ];
  const world = await openWorld({ activities: { advanceImport: async () => standings.shift() } });
  try {
    const workflowId = `import:recorded-${version}-${Date.now()}`;
    const input = { namespace: 'default', importId: workflowId };
    const options = { taskQueue: world.taskQueue, workflowId, args: [input] };
    const handle = await world.client.workflow.start(IMPORT_WORKFLOW, options);
    await until('it is paused', () => standings.length === 2);
    await handle.signal(IMPORT_CHANGED_SIGNAL);
    await handle.result();
    await keep(`import.run.${version}`, world, workflowId);
    standings.push(
      importStanding({ status: 'running', pending: 20 }),
      importStanding({ status: 'completed', finished: true }),
    );
    const rolling = await world.client.workflow.start(IMPORT_WORKFLOW, {
      ...options,
      workflowId: `${workflowId}-roll`,
      args: [{ ...input, maxEvents: 5 }],
    });
    await rolling.result();
    await keep(`import.roll-over.${version}`, world, rolling.workflowId, rolling.firstExecutionRunId);
  } finally {
    await world.close();
  }
}

/** One that looks twice in a row, is told of more, looks again and closes; and the run before one that continues as new. */
async function recordTiers(version: string): Promise<void> {
  const looks: TiersRefreshed[] = [
    { episodes: 20, arcs: ['work'], more: true },
    { episodes: 2, arcs: ['work', 'health'], more: false },
    { episodes: 1, arcs: [], more: false },
    { episodes: 20, arcs: ['work'], more: true },
    { episodes: 3, arcs: ['work'], more: false },
  ];
  let tellings = 0;
  const world = await openWorld({
    activities: {
      refreshSummaries: async () => looks.shift(),
      tellByModel: async () => {
        tellings += 1;
        if (tellings > 1) throw ApplicationFailure.nonRetryable('the service answered 400', 'RefusedError');
      },
      leaveTelling: async () => undefined,
    },
  });
  try {
    const workflowId = `tiers:recorded-${version}-${Date.now()}`;
    const input = { namespace: 'default', userId: 'user-tiers' };
    const start = { taskQueue: world.taskQueue, signal: EPISODES_CHANGED_SIGNAL };
    const handle = await world.client.workflow.signalWithStart(TIERS_WORKFLOW, {
      ...start,
      workflowId,
      args: [input],
    });
    await until('it has looked twice', () => looks.length === 3);
    await handle.signal(EPISODES_CHANGED_SIGNAL);
    await handle.result();
    await keep(`tiers.run.${version}`, world, workflowId);
    const rolling = await world.client.workflow.signalWithStart(TIERS_WORKFLOW, {
      ...start,
      workflowId: `${workflowId}-roll`,
      args: [{ ...input, maxEvents: 5 }],
    });
    await rolling.result();
    await keep(`tiers.roll-over.${version}`, world, rolling.workflowId, rolling.signaledRunId);
    // One call is answered, one is left for later.
    const telling: Telling = { tier: 'episodic', summaries: [{ id: workflowId, version: 1 }] };
    for (let calls = 2; calls > 0; calls -= 1) looks.push({ episodes: 1, arcs: [], more: false, telling });
    const told = await world.client.workflow.signalWithStart(TIERS_WORKFLOW, {
      ...start,
      workflowId: `${workflowId}-telling`,
      args: [input],
    });
    await told.result();
    await keep(`tiers.telling.${version}`, world, told.workflowId);
  } finally {
    await world.close();
  }
}

/** Two pages. */
async function recordReindex(version: string): Promise<void> {
  const pages: { counts: ReindexCounts; next: string | null }[] = [
    { counts: { users: 1, memories: 40, written: 40, removed: 2 }, next: 'a1' },
    { counts: { users: 1, memories: 5, written: 5, removed: 0 }, next: null },
  ];
  const world = await openWorld({ activities: { reindexPage: async () => pages.shift() } });
  try {
    const workflowId = `reindex:recorded-${version}-${Date.now()}`;
    const input: ReindexInput = { namespace: null, userId: null, rewrite: true, objectsPerSecond: null };
    await world.client.workflow.execute(REINDEX_WORKFLOW, {
      taskQueue: world.taskQueue,
      workflowId,
      args: [input],
    });
    await keep(`reindex.${version}`, world, workflowId);
  } finally {
    await world.close();
  }
}

async function keep(file: string, world: WorkflowWorld, workflowId: string, runId?: string): Promise<void> {
  const history = await world.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const text = JSON.stringify(anonymous(JSON.parse(historyToJSON(history))), null, 1);
  await writeFile(join(HISTORIES, `${file}.json`), `${text.replaceAll(hostname(), 'recorder')}\n`);
  const [workflow] = file.split('.');
  noteSources(workflow!, /\.(v\d+)$/.exec(file)![1]!);
  console.log(`${file}: ${history.events?.length} events`);
}

/** Stack traces name folders of the machine that recorded; replaying needs none of them. */
function anonymous(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'stackTrace');
  return Object.fromEntries(entries.map(([key, inner]) => [key, anonymous(inner)]));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
