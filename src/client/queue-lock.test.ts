import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueueLock } from './queue-lock';

const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-lock-'));
const path = join(folder, 'queue.lock');
const held: QueueLock[] = [];
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  rmSync(path, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TIMES = { beatMs: 50, staleMs: 1_000, waitMs: 2_000 };
const take = async (): Promise<QueueLock> => {
  const lock = await QueueLock.take(path, TIMES);
  held.push(lock);
  return lock;
};
const holder = (): { token: string; pid: number; startedAt: string | null; host: string } =>
  JSON.parse(readFileSync(path, 'utf8'));
/** Leaves a lock as somebody else would have, last heard of so long ago. */
const leave = async (change: object, heardMsAgo = 0): Promise<void> => {
  const lock = await take();
  const text = JSON.stringify({ ...holder(), token: 'another', ...change });
  lock.release();
  writeFileSync(path, text);
  const heard = new Date(Date.now() - heardMsAgo);
  utimesSync(path, heard, heard);
};

it('is held by one, until it is released', async () => {
  const lock = await take();
  await expect(take()).rejects.toThrow(
    new RegExp(`in use by process ${process.pid} on .*queue.lock.*a file of its own`),
  );
  lock.release();
  await take();
});

it.each([
  ['that is no more', { pid: 2 ** 22 + 1 }],
  ['whose pid this one has got', { pid: process.pid }],
])('of a process %s is taken over at once', async (_, change) => {
  await leave(change);
  const started = Date.now();
  await take();
  expect(Date.now() - started).toBeLessThan(TIMES.staleMs / 2);
});

it.each([
  ['that is behind', -3_600_000],
  ['that is ahead', 3_600_000],
])('of another machine, with a clock %s, is taken over once that has been silent', async (_, aheadMs) => {
  await leave({ host: 'elsewhere', pid: process.pid }, -aheadMs);
  const started = Date.now();
  await take();
  expect(Date.now() - started).toBeGreaterThanOrEqual(TIMES.staleMs);
});

it.each(['', '{"token":"a', 'null', '7', '{}', '{"token":"a","pid":"1","host":"h"}'])(
  'that nobody can read (%j) is taken over once nobody writes it any more',
  async (text) => {
    writeFileSync(path, text);
    const started = Date.now();
    await take();
    expect(Date.now() - started).toBeGreaterThanOrEqual(TIMES.staleMs);
  },
);

it('that is damaged while it is held is told, and not removed', async () => {
  const lock = await take();
  writeFileSync(path, '');
  expect(() => lock.assertHeld()).toThrow(/in use by another process/);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
});

it('of a process that may be another by now is believed as long as it is heard of', async () => {
  // As it is written where nobody knows when a process began; this one's parent is there all the while.
  const elsewhere = Object.getOwnPropertyDescriptor(process, 'platform')!;
  Object.defineProperty(process, 'platform', { ...elsewhere, value: 'darwin' });
  try {
    await leave({ pid: process.ppid });
    await expect(take()).rejects.toThrow(`in use by process ${process.ppid}`);
    rmSync(path);
    await leave({ pid: process.ppid }, 2 * TIMES.staleMs);
    await take();
    expect(holder()).toMatchObject({ pid: process.pid, startedAt: null });
  } finally {
    Object.defineProperty(process, 'platform', elsewhere);
  }
});

it('of another machine that is heard of is waited for, and then refused', async () => {
  await leave({ host: 'elsewhere' });
  const beat = setInterval(() => utimesSync(path, new Date(), new Date()), TIMES.beatMs);
  const started = Date.now();
  await expect(take()).rejects.toThrow(/in use by process \d+ on elsewhere/);
  expect(Date.now() - started).toBeGreaterThanOrEqual(TIMES.waitMs);
  clearInterval(beat);
});

it('shows that it is held', async () => {
  await take();
  const old = new Date(Date.now() - 60_000);
  utimesSync(path, old, old);
  const deadline = Date.now() + 5_000;
  while (statSync(path).mtimeMs <= old.getTime() + 1_000) {
    if (Date.now() > deadline) throw new Error('nothing was shown within 5 s');
    await new Promise((resolve) => setTimeout(resolve, TIMES.beatMs));
  }
});

it('tells a holder that was taken for dead, and leaves the new one its lock', async () => {
  const lock = await take();
  lock.assertHeld();
  writeFileSync(path, JSON.stringify({ ...holder(), token: 'another', pid: 7 }));
  expect(() => lock.assertHeld()).toThrow(/in use by process 7/);
  lock.release();
  expect(holder().pid).toBe(7);
});

it('that is stale goes to one of many who find it', async () => {
  await leave({ pid: 2 ** 22 + 1 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, take));
  expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
});
