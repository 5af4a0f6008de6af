import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './progress.mjs';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** How long jest may take to end after its results are there; longer means that a test left something open. */
const EXIT_GRACE_MS = 30_000;
const POLL_MS = 500;
/** A test that blocks its process cannot be ended by jest's own deadline. */
const JEST_DEADLINE_MS = 40 * 60_000;

/** Runs every check, and says in the last line how many tests passed and failed; a failed check counts as one. */
async function main(args) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const problems = [];
  const check = async (what, work) => {
    try {
      if ((await work()) === false) throw new Error(`${what}: failed`);
    } catch (error) {
      totals.failed += 1;
      problems.push(error.message);
    }
  };
  await check('setup and types', () => setup({ dev: true }));
  // With arguments (files, -t name) only those tests are wanted.
  if (args.length === 0) {
    const bin = (name) =>
      join('node_modules', name, 'bin', `${name === 'eslint' ? 'eslint.js' : 'prettier.cjs'}`);
    const node = (what, nodeArgs) => step(what, process.execPath, nodeArgs, { spawn: { cwd: root } });
    await check('lint', () => node('lint', [bin('eslint'), '.']));
    await check('format', () => node('format', [bin('prettier'), '--check', '--log-level', 'warn', '.']));
  }
  await check('tests', () => runJest(args, totals, problems));
  for (const problem of problems) console.log(problem);
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  return totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

/** Adds jest's counts to the totals. A file that could not even be run counts as one failed test. */
async function runJest(args, totals, problems) {
  const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-results-'));
  const outputFile = join(folder, 'results.json');
  try {
    const jest = join('node_modules', 'jest', 'bin', 'jest.js');
    const flags = [jest, '--json', `--outputFile=${outputFile}`, ...args];
    // With --json jest prints its results a second time, as JSON, to standard output: not for people.
    const child = spawn(process.execPath, flags, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    const ended = await Promise.race([exited, overdue(outputFile)]);
    if (ended === 'overdue') child.kill('SIGKILL');
    if (!existsSync(outputFile)) throw new Error(`jest had no results: ${ended}`);
    const results = JSON.parse(readFileSync(outputFile, 'utf8'));
    totals.passed += results.numPassedTests;
    totals.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
    totals.skipped += results.numPendingTests + results.numTodoTests;
    for (const suite of results.testResults.filter((one) => one.status === 'failed')) {
      problems.push(`failed: ${suite.name.slice(root.length + 1)}`);
    }
    if (ended === 'overdue') throw new Error('jest did not end by itself: a test left something open');
    // Otherwise a failure that no count shows, such as a teardown's.
    return ended === 0 || results.numFailedTests + results.numRuntimeErrorTestSuites > 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when jest has written its results and still runs long after, or never comes to an end. */
function overdue(outputFile) {
  return new Promise((resolve) => {
    setTimeout(() => resolve('overdue'), JEST_DEADLINE_MS).unref();
    const timer = setInterval(() => {
      if (!existsSync(outputFile)) return;
      clearInterval(timer);
      setTimeout(() => resolve('overdue'), EXIT_GRACE_MS).unref();
    }, POLL_MS);
    timer.unref();
  });
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);
