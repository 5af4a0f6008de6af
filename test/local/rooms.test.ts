import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** Asks the lint rule itself; it is an ES module, which jest does not load, so a small process does. */
function problemsOf(cases: Array<[file: string, imported: string, typeOnly: boolean]>): Array<string | null> {
  const script = `
    const { importProblem } = await import(${JSON.stringify(join(root, 'scripts/lint/rooms.mjs'))});
    const cases = JSON.parse(process.argv[1]);
    console.log(JSON.stringify(cases.map((one) => importProblem(...one) ?? null)));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(cases)]);
  return JSON.parse(output.toString()) as Array<string | null>;
}

const ALLOWED: Array<[string, string, boolean]> = [
  ['src/domain/ids.ts', './policy', false],
  ['src/record/messages.ts', '../domain/ids', false],
  ['src/recall/scoring/idf.ts', '../../record/pool', false],
  ['src/temporal/announcer.ts', '../../workflows/conversation.contract', false],
  ['src/client/client.ts', '../domain/message', true],
  ['src/api/routes/store.ts', '../../ingest/ingest', false],
  ['src/server.ts', './record/pool', false],
  ['src/sources/csv.ts', '../domain/message', false],
  ['src/cli/main.ts', '../sources/open-source', false],
  ['src/local/main.ts', '../config', false],
  ['src/record/messages.test.ts', '../index/memory-index', false],
  ['workflows/conversation.workflow.ts', '@temporalio/workflow', false],
  ['workflows/conversation.workflow.ts', './sweep.contract', false],
  ['workflows/conversation.workflow.ts', '../activities', true],
  ['activities/flush.ts', '../src/index/memory-index', false],
];

const FORBIDDEN: Array<[string, string, boolean]> = [
  ['src/domain/ids.ts', '../record/pool', true],
  ['src/record/messages.ts', '../index/memory-index', false],
  ['src/record/messages.ts', '../config', false],
  ['src/index/weaviate-index.ts', '../models/embedder', true],
  ['src/recall/recall.ts', '../temporal/announcer', false],
  ['src/sources/csv.ts', '../api/schemas/fields', false],
  ['src/ingest/ingest.ts', '../index/memory-index', false],
  ['src/api/app.ts', '../../activities/create-activities', false],
  ['src/api/app.ts', '../../workflows/conversation.workflow', false],
  ['src/client/client.ts', '../domain/message', false],
  ['src/client/client.ts', '../api/app', true],
  ['workflows/conversation.workflow.ts', '../activities', false],
  ['workflows/conversation.workflow.ts', '../src/record/pool', true],
  ['workflows/conversation.workflow.ts', 'node:crypto', false],
  ['activities/flush.ts', '../src/api/app', false],
  ['activities/flush.ts', '../src/ingest/ingest', false],
];

test('the rooms’ table lets through what it lists', () => {
  const problems = problemsOf(ALLOWED);
  expect(ALLOWED.map((one, index) => [...one, problems[index]])).toEqual(
    ALLOWED.map((one) => [...one, null]),
  );
});

test('the rooms’ table refuses what it does not list', () => {
  const problems = problemsOf(FORBIDDEN);
  const letThrough = FORBIDDEN.filter((_, index) => problems[index] === null);
  expect(letThrough).toEqual([]);
});

test('lint runs the rule', () => {
  const eslint = join(root, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const args = [eslint, '--print-config', 'src/domain/policy.ts'];
  const config = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as {
    rules: Record<string, unknown[]>;
  };
  expect(config.rules['rooms/imports']?.[0]).toBe(2);
  expect(config.rules['@typescript-eslint/no-floating-promises']?.[0]).toBe(2);
});
