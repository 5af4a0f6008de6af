import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { QueueInUseError } from './errors';
import { createOnce, removeStale } from './lock-file';
import { pause } from './transport';

const POLL_MS = 200;
/** Field of /proc/PID/stat, counted from behind the command's closing bracket. */
const STAT_START_TIME = 19;
/** Shared by every copy of this module in the process: as an ES module and as CommonJS. */
const HELD_HERE = Symbol.for('agentic-memories.queue-locks');

export interface LockTimes {
  /** So often a holder shows that it is there. */
  beatMs: number;
  /** A holder of whom only that can be known is gone when it has been silent for so long. */
  staleMs: number;
  /** So long a holder elsewhere is waited for; more than `staleMs`. */
  waitMs: number;
}
const TIMES: LockTimes = { beatMs: 2_000, staleMs: 10_000, waitMs: 15_000 };

interface Holder {
  token: string;
  pid: number;
  /** Tells a process from a later one of the same pid; null where that cannot be known (anywhere but on Linux). */
  startedAt: string | null;
  /** Where its pid means anything. */
  host: string;
}

/**
 * At most one holder of a file. What is relied upon to know one that died:
 * - on this machine its pid, and on Linux when that process began: it is known at once, also when another process has
 *   got the pid. Elsewhere a pid that is in use says little, so that its holder must have been heard of lately, too;
 * - on another machine, or in another container, its silence, by the clock of whoever waits;
 * - the same for a lock that cannot be read: it is just being written, or a crash or a hand has damaged it.
 * A holder that was only suspended, and taken for dead, is told by `assertHeld` before it writes.
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
    const began = performance.now();
    let [seen, seenSince] = ['', began];
    for (; ; await pause(POLL_MS)) {
      if (createOnce(path, JSON.stringify(holder))) return new QueueLock(path, holder, times);
      const found = read(path);
      if (found === null) continue;
      const state = `${found.text} ${found.heardAt}`;
      if (state !== seen) [seen, seenSince] = [state, performance.now()];
      const presence = presenceOf(found, times, performance.now() - seenSince);
      if (presence === 'gone') removeStale(path, found.text);
      else if (presence === 'there' || performance.now() - began >= times.waitMs)
        throw inUse(path, found.holder);
    }
  }

  /** @throws QueueInUseError when somebody has taken it away from a holder that they took for dead */
  assertHeld(): void {
    const found = read(this.path);
    if (found?.holder?.token !== this.holder.token) throw inUse(this.path, found?.holder ?? null);
  }

  release(): void {
    clearInterval(this.beat);
    heldHere().delete(this.holder.token);
    if (read(this.path)?.holder?.token === this.holder.token) rmSync(this.path, { force: true });
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
  /** Null when it cannot be read. */
  holder: Holder | null;
  text: string;
  /** By the holder's clock. */
  heardAt: number;
}

/** @param silentMs for how long nothing has been heard of the holder, as far as is known here */
function presenceOf(
  { holder, heardAt }: Found,
  { staleMs }: LockTimes,
  silentMs: number,
): 'there' | 'perhaps' | 'gone' {
  if (holder === null || holder.host !== thisHost()) return silentMs < staleMs ? 'perhaps' : 'gone';
  if (holder.pid === process.pid) return heldHere().has(holder.token) ? 'there' : 'gone';
  if (!isRunning(holder.pid) || startOf(holder.pid) !== holder.startedAt) return 'gone';
  return holder.startedAt !== null || Date.now() - heardAt < staleMs ? 'there' : 'gone';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's cannot be signalled.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function inUse(path: string, holder: Holder | null): QueueInUseError {
  const who = holder ? `process ${holder.pid} on ${holder.host.split(' ')[0]}` : 'another process';
  return new QueueInUseError(
    `the queue's file is in use by ${who} (${path}): give each process a file of its own, or end that one first`,
  );
}

function read(path: string): Found | null {
  try {
    const text = readFileSync(path, 'utf8');
    return { holder: holderIn(text), text, heardAt: statSync(path).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function holderIn(text: string): Holder | null {
  try {
    const { token, pid, startedAt, host } = JSON.parse(text) as Partial<Holder>;
    const isWhole = typeof token === 'string' && Number.isInteger(pid) && typeof host === 'string';
    return isWhole ? { token, pid: pid!, startedAt: startedAt ?? null, host } : null;
  } catch {
    // Neither is `null` a holder.
    return null;
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
