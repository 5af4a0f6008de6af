import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { QueueInUseError } from './errors';
import { createWhole, removeStale } from './lock-file';
import { pause } from './transport';

const POLL_MS = 200;
/** Field of /proc/PID/stat, counted from behind the command's closing bracket. */
const STAT_START_TIME = 19;
/** Shared by every copy of this module in the process: as an ES module and as CommonJS. */
const HELD_HERE = Symbol.for('agentic-memories.queue-locks');

export interface LockTimes {
  /** So often a holder shows that it is there. */
  beatMs: number;
  /** A holder elsewhere that has not been heard of for so long is gone. */
  staleMs: number;
  /** So long a holder elsewhere is waited for. */
  waitMs: number;
}
const TIMES: LockTimes = { beatMs: 2_000, staleMs: 10_000, waitMs: 15_000 };

interface Holder {
  token: string;
  pid: number;
  /** Tells a process from a later one of the same pid; null where that cannot be known. */
  startedAt: string | null;
  /** Where its pid means anything. */
  host: string;
}

/**
 * At most one holder of a file. One that died is known by its pid at once; on another machine, or in another container,
 * by its silence.
 */
export class QueueLock {
  private readonly beat: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly holder: Holder,
    { beatMs }: LockTimes,
  ) {
    heldHere().add(holder.token);
    this.beat = setInterval(() => this.show(), beatMs);
    this.beat.unref();
  }

  /** @throws QueueInUseError when somebody holds it */
  static async take(path: string, times: LockTimes = TIMES): Promise<QueueLock> {
    const pid = process.pid;
    const holder = { token: randomUUID(), pid, startedAt: startOf(pid), host: thisHost() };
    for (const deadline = Date.now() + times.waitMs; ; await pause(POLL_MS)) {
      if (createWhole(path, JSON.stringify(holder))) return new QueueLock(path, holder, times);
      const found = read(path);
      if (found === null) continue;
      if (!isThere(found, times)) removeStale(path, found.text);
      else if (found.holder.host === holder.host || Date.now() >= deadline) throw inUse(path, found.holder);
    }
  }

  /** @throws QueueInUseError when somebody has taken it away from a holder that they took for dead */
  assertHeld(): void {
    const found = read(this.path);
    if (found?.holder.token !== this.holder.token) throw inUse(this.path, found?.holder);
  }

  release(): void {
    clearInterval(this.beat);
    heldHere().delete(this.holder.token);
    if (read(this.path)?.holder.token === this.holder.token) rmSync(this.path, { force: true });
  }

  private show(): void {
    const now = new Date();
    try {
      utimesSync(this.path, now, now);
    } catch {
      // Whoever uses the queue next is told: see assertHeld.
    }
  }
}

interface Found {
  holder: Holder;
  text: string;
  seenAt: number;
}

function isThere({ holder, seenAt }: Found, { staleMs }: LockTimes): boolean {
  if (holder.host !== thisHost()) return Date.now() - seenAt < staleMs;
  if (holder.pid === process.pid) return heldHere().has(holder.token);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(holder.pid) === holder.startedAt;
}

function inUse(path: string, holder: Holder | undefined): QueueInUseError {
  const who = holder ? `process ${holder.pid} on ${holder.host.split(' ')[0]}` : 'another process';
  return new QueueInUseError(
    `the queue's file is in use by ${who} (${path}): give each process a file of its own, or end that one first`,
  );
}

function read(path: string): Found | null {
  try {
    const text = readFileSync(path, 'utf8');
    return { holder: JSON.parse(text) as Holder, text, seenAt: statSync(path).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function heldHere(): Set<string> {
  const shared = globalThis as { [HELD_HERE]?: Set<string> };
  return (shared[HELD_HERE] ??= new Set());
}

let host: string | undefined;
/** Containers have pids of their own, and may share a name. */
function thisHost(): string {
  return (host ??= `${hostname()} ${ofLinux(() => readlinkSync('/proc/self/ns/pid')) ?? ''}`.trim());
}

function startOf(pid: number): string | null {
  return ofLinux(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[STAT_START_TIME];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks}`;
  });
}

function ofLinux(tell: () => string): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return tell();
  } catch {
    return null;
  }
}
