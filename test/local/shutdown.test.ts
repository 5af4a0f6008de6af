import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restartDelayMs, type ChildRecord } from '../../src/local/child';
import { identifyProcess, isAlive } from '../../src/local/process-identity';
import { endChildren } from '../../src/local/shutdown';
import { eventually } from '../support/stack-process';

let folder: string;
let ended: string;
const groups: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agentic-memories-shutdown-'));
  ended = join(folder, 'ended');
});
afterEach(() => {
  for (const pid of groups.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A part that takes a moment to end, and then notes that it has; or one that does not hear. */
async function part(name: string, stage: number, options: { deaf?: boolean } = {}): Promise<ChildRecord> {
  const ready = join(folder, `${name}.ready`);
  const onTerm = options.deaf
    ? '() => {}'
    : `() => setTimeout(() => { fs.appendFileSync(${JSON.stringify(ended)}, '${name} '); process.exit(0); }, 300)`;
  const script = `const fs = require('fs'); process.on('SIGTERM', ${onTerm});
    setInterval(() => {}, 1000); fs.writeFileSync(${JSON.stringify(ready)}, '');`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore', detached: true });
  await once(child, 'spawn');
  const pid = child.pid!;
  groups.push(pid);
  await eventually(`${name} listens`, () => existsSync(ready));
  return {
    ...identifyProcess(pid)!,
    name,
    stage,
    stopSignal: 'SIGTERM',
    stopDeadlineMs: options.deaf ? 500 : 30_000,
  };
}

test('the highest stage ends first, and the next is not told before it has', async () => {
  const parts = await Promise.all([part('record', 0), part('api', 3), part('server', 1), part('worker', 2)]);
  await endChildren(parts);
  expect(parts.filter(isAlive)).toEqual([]);
  expect(readFileSync(ended, 'utf8')).toBe('api worker server record ');
});

test('one that does not end in time is killed, and holds up nobody for longer', async () => {
  const parts = [await part('deaf', 2, { deaf: true }), await part('record', 0)];
  await endChildren(parts);
  expect(parts.filter(isAlive)).toEqual([]);
  expect(readFileSync(ended, 'utf8')).toBe('record ');
});

test('whoever will not wait any longer does not', async () => {
  const patient = { ...(await part('deaf', 2, { deaf: true })), stopDeadlineMs: 3_600_000 };
  let hurried = false;
  const ending = endChildren([patient], () => hurried);
  expect(isAlive(patient)).toBe(true);
  hurried = true;
  await ending;
  expect(isAlive(patient)).toBe(false);
});

test.each([
  [1, 500],
  [2, 1_000],
  [4, 4_000],
  [20, 15_000],
])('after %d deaths in a row a part is started again in %d ms', (deaths, delayMs) => {
  expect(restartDelayMs(deaths)).toBe(delayMs);
});
