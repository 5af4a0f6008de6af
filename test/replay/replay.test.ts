import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { workflowsPath } from '../../src/temporal/bundle';
import { notedSources, sourcesOf, workflowNames } from './workflow-sources';
import { quietRuntime } from '../workflow/support/workflow-world';

const TRACED = require.resolve('../../src/tracing/workflow-interceptors');
const NO_SPANS = { exporter: { export: { fn: () => undefined } } };
const HISTORIES = join(__dirname, '../histories');
/** How runs can go; each was recorded from a real server (record-histories.ts). */
const SHAPES = [
  'conversation.size',
  'conversation.window',
  'conversation.flush',
  'conversation.idle-close',
  'conversation.settled',
  'conversation.policy-change',
  'conversation.retry',
  'conversation.late',
  'conversation.backlog',
  'conversation.roll-over-1',
  'conversation.roll-over',
  'conversation.activity-failure',
  'erase.run',
  'erase.not-vacuumed',
  'extraction',
  'import.run',
  'import.roll-over',
  'maintenance',
  'reindex',
  'sweep',
  'tiers.run',
  'tiers.roll-over',
  'tiers.telling',
];

quietRuntime();

const files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));
const textOf = (file: string) => readFileSync(join(HISTORIES, file), 'utf8');

function bundle(
  path: string,
  workflowInterceptorModules: string[] = [],
): Promise<WorkflowBundleWithSourceMap> {
  const logger = new DefaultLogger('ERROR');
  return bundleWorkflowCode({ workflowsPath: path, workflowInterceptorModules, logger });
}

/** Replays every history. @returns the error's name by file, null where there was none */
async function replayAll(
  workflowBundle: WorkflowBundleWithSourceMap,
): Promise<Record<string, string | null>> {
  const histories = files.map((file) => ({ workflowId: file, history: JSON.parse(textOf(file)) as unknown }));
  const outcomes: Record<string, string | null> = {};
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, sinks: NO_SPANS },
    histories,
  )) {
    outcomes[workflowId] = error ? error.name : null;
  }
  return outcomes;
}

const everyFile = (value: string | null) => Object.fromEntries(files.map((file) => [file, value]));

describe('recorded histories', () => {
  it('show every shape', () => {
    const shapes = new Set(files.map((file) => file.replace(/\.v\d+\.json$/, '')));
    expect(SHAPES.filter((shape) => !shapes.has(shape))).toEqual([]);
  });

  it('replay on today’s workflows', async () => {
    expect(await replayAll(await bundle(workflowsPath()))).toEqual(everyFile(null));
  });

  it('replay on them when they are traced: tracing may come and go between runs', async () => {
    const traced = await bundle(workflowsPath(), [TRACED]);
    expect(traced.code).toContain('RunWorkflow:');
    expect(await replayAll(traced)).toEqual(everyFile(null));
  });

  it('do not replay on workflows that go about it in another way', async () => {
    const changed = await bundle(require.resolve('./support/changed-workflows'));
    expect(await replayAll(changed)).toEqual(everyFile('DeterminismViolationError'));
  });

  it('were recorded from today’s workflows, or a change of them is recorded too', () => {
    const noted = notedSources();
    for (const workflow of workflowNames()) {
      const { histories = '', sources = '' } = noted[workflow] ?? {};
      const howTo = 'record its shapes under the next version with test/replay/record-histories.ts';
      expect([workflow, sources, howTo]).toEqual([workflow, sourcesOf(workflow), howTo]);
      const kept = files.filter(
        (file) => file.startsWith(`${workflow}.`) && file.endsWith(`.${histories}.json`),
      );
      expect([workflow, kept.length > 0]).toEqual([workflow, true]);
    }
  });

  it('hold no folder of the machine that recorded them', () => {
    for (const file of files) expect(textOf(file)).not.toMatch(/stackTrace|node_modules|file:\/\//);
  });
});
