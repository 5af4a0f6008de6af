import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOnce, removeStale } from '../client/lock-file';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity';

const POLL_MS = 200;

/** What a lock file says of its holder. */
export interface LockHolder {
  /** The lock holds while any of these lives: the supervisor, and the guard that may still be ending its children. */
  processes: ProcessIdentity[];
  since: string;
  /** Where the holder's API is, once it is. */
  address?: string;
}

export interface LockWait {
  waitMs: number;
  /** Told once, when waiting begins. */
  onWait?: (holder: LockHolder) => void;
  /** Aborted: a StoppedError instead of the lock. */
  signal?: AbortSignal;
}

/** The stack was told to stop while it was starting. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

/** Somebody else holds the lock and did not let go in time. */
export class LockedError extends Error {
  override name = 'LockedError';

  constructor(
    readonly file: string,
    readonly holder: LockHolder,
  ) {
    super(`${file} is held by ${describeHolder(holder)}`);
  }
}

/** At most one holder of a folder on this machine; a holder that died without a word is recognised by pid and start time. */
export class DataLock {
  private constructor(
    readonly file: string,
    private holder: LockHolder,
  ) {}

  /**
   * Takes the lock, waiting at most `waitMs` for a living holder.
   * @throws LockedError
   */
  static async take(file: string, options: LockWait): Promise<DataLock> {
    mkdirSync(dirname(file), { recursive: true });
    const holder: LockHolder = { processes: [ownIdentity()], since: new Date().toISOString() };
    let told = false;
    for (const deadline = Date.now() + options.waitMs; ; await sleep(POLL_MS)) {
      if (options.signal?.aborted) throw new StoppedError(`told to stop while ${file} was held`);
      if (createOnce(file, JSON.stringify(holder))) return new DataLock(file, holder);
      const current = read(file);
      if (current === undefined) continue;
      if (!current.holder.processes.some(isAlive)) {
        removeStale(file, current.text);
        continue;
      }
      if (Date.now() >= deadline) throw new LockedError(file, current.holder);
      if (!told) options.onWait?.(current.holder);
      told = true;
    }
  }

  /** Adds to what the lock file says. */
  amend(change: Partial<Omit<LockHolder, 'since'>>): void {
    this.holder = { ...this.holder, ...change };
    const temporary = `${this.file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(this.holder));
    renameSync(temporary, this.file);
  }

  release(): void {
    rmSync(this.file, { force: true });
  }
}

/** The holder in words. */
export function describeHolder(holder: LockHolder): string {
  const [main] = holder.processes;
  const where = holder.address === undefined ? '' : `, its API is ${holder.address}`;
  return `process ${main?.pid ?? 'unknown'}, running since ${holder.since}${where}`;
}

function read(file: string): { holder: LockHolder; text: string } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    return { holder: JSON.parse(text) as LockHolder, text };
  } catch {
    return { holder: { processes: [], since: 'unknown' }, text }; // not written by us: as good as stale
  }
}
