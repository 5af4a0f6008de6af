import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DataLock,
  LockedError,
  StoppedError,
  describeHolder,
  type LockHolder,
} from '../../src/local/data-lock';
import {
  identifyProcess,
  isAlive,
  ownIdentity,
  type ProcessIdentity,
} from '../../src/local/process-identity';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-lock-'));
  file = join(folder, 'stack.lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function held(): LockHolder {
  return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
}

function writeHolder(...processes: ProcessIdentity[]): void {
  writeFileSync(file, JSON.stringify({ processes, since: '2026-01-01T00:00:00.000Z' }));
}

/** A process that lives until it is killed. */
async function bystander(): Promise<{ identity: ProcessIdentity; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const identity = identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('the bystander did not start');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { identity, kill };
}

test('is taken, says by whom, and is given back', async () => {
  const lock = await DataLock.take(file, { waitMs: 0 });
  expect(held().processes).toEqual([ownIdentity()]);
  lock.amend({ address: 'http://127.0.0.1:8080' });
  expect(describeHolder(held())).toContain(`process ${process.pid}`);
  expect(describeHolder(held())).toContain('its API is http://127.0.0.1:8080');
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a second one is told who holds it', async () => {
  await DataLock.take(file, { waitMs: 0 });
  const told: LockHolder[] = [];
  const second = DataLock.take(file, { waitMs: 300, onWait: (holder) => told.push(holder) });
  await expect(second).rejects.toThrow(LockedError);
  await expect(second).rejects.toThrow(`process ${process.pid}`);
  expect(told).toHaveLength(1);
});

test('waits for a holder that lets go', async () => {
  const first = await DataLock.take(file, { waitMs: 0 });
  const second = DataLock.take(file, { waitMs: 30_000, onWait: () => first.release() });
  await expect(second).resolves.toBeInstanceOf(DataLock);
});

test('a holder that was killed holds nothing', async () => {
  const other = await bystander();
  writeHolder(other.identity);
  await expect(DataLock.take(file, { waitMs: 0 })).rejects.toThrow(LockedError);
  await other.kill();
  expect(isAlive(other.identity)).toBe(false);
  await expect(DataLock.take(file, { waitMs: 0 })).resolves.toBeInstanceOf(DataLock);
});

test('it holds as long as the guard of a killed supervisor lives', async () => {
  const [supervisor, guard] = [await bystander(), await bystander()];
  writeHolder(supervisor.identity, guard.identity);
  await supervisor.kill();
  await expect(DataLock.take(file, { waitMs: 0 })).rejects.toThrow(LockedError);
  await guard.kill();
  await expect(DataLock.take(file, { waitMs: 0 })).resolves.toBeInstanceOf(DataLock);
});

test('a pid that another process got since then holds nothing', async () => {
  writeHolder({ pid: process.pid, startedAt: 'another boot:1' });
  await expect(DataLock.take(file, { waitMs: 0 })).resolves.toBeInstanceOf(DataLock);
});

test('a lock cut off in the middle holds nothing', async () => {
  writeFileSync(file, '{"processes":[{"pi');
  await expect(DataLock.take(file, { waitMs: 0 })).resolves.toBeInstanceOf(DataLock);
});

test('of several that find a stale lock one gets it', async () => {
  writeHolder({ pid: process.pid, startedAt: 'another boot:1' });
  const takes = Array.from({ length: 8 }, () => DataLock.take(file, { waitMs: 500 }));
  const outcomes = await Promise.allSettled(takes);
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
});

test('told to stop, it waits no longer', async () => {
  await DataLock.take(file, { waitMs: 0 });
  const stop = new AbortController();
  const second = DataLock.take(file, { waitMs: 60_000, signal: stop.signal, onWait: () => stop.abort() });
  await expect(second).rejects.toThrow(StoppedError);
});
