import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureError } from '../domain/errors';
import { Child, type ChildRecord, type ChildSpec } from './child';
import { DataLock, StoppedError, describeHolder, type LockHolder } from './data-lock';
import { GuardLink } from './guard-link';
import { logFile } from './logs';
import { ownIdentity } from './process-identity';
import { endChildren } from './shutdown';

const MS_A_SECOND = 1_000;
const LOCK_FILE = 'stack.lock';
const CHILDREN_FILE = 'children.json';

export interface SupervisorOptions {
  dataDir: string;
  /** How long to wait for a stack on the same folder that is ending. */
  lockWaitMs: number;
  log(line: string): void;
  /** Aborted: nothing is started any more, and what is starting gives up with a StoppedError. */
  signal?: AbortSignal;
}

/**
 * Holds one data folder and runs the parts of a stack on it: starts them by stages, restarts what dies, ends them in
 * order. Should this process be killed, its guard ends them; should that be killed too, the next start does.
 */
export class Supervisor {
  private readonly children: Child[] = [];
  private readonly guard: GuardLink;
  private hurried = false;
  private stopped: Promise<void> | undefined;

  private constructor(
    private readonly options: SupervisorOptions,
    private readonly lock: DataLock,
  ) {
    options.signal?.addEventListener('abort', () => this.retire());
    this.guard = new GuardLink(logFile(options.dataDir, 'guard'), (guard) =>
      lock.amend({ processes: [ownIdentity(), guard] }),
    );
  }

  /**
   * Takes the data folder, and ends what a killed stack left running on it.
   * @throws LockedError when another stack holds it
   */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    mkdirSync(options.dataDir, { recursive: true });
    const { lockWaitMs: waitMs, signal } = options;
    const onWait = (holder: LockHolder): void =>
      options.log(
        `${options.dataDir} is held by ${describeHolder(holder)}; waiting up to ${waitMs / MS_A_SECOND} s for it to end`,
      );
    const lock = await DataLock.take(join(options.dataDir, LOCK_FILE), {
      waitMs,
      onWait,
      ...(signal ? { signal } : {}),
    });
    try {
      await endChildren(readChildren(options.dataDir));
      return new Supervisor(options, lock);
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
  }

  /** Starts these parts at once, and resolves when all are ready. */
  async start(specs: ChildSpec[]): Promise<void> {
    if (this.stopped || this.options.signal?.aborted) throw new StoppedError('the stack was told to stop');
    const added = specs.map((spec) => new Child(spec, this.events()));
    this.children.push(...added);
    await Promise.all(added.map((child) => this.startOne(child)));
  }

  /** Says in the lock file where the API is. */
  announce(address: string): void {
    this.lock.amend({ address });
  }

  /** Ends all parts in order and gives the data folder back. Again and again is the same as once. */
  stop(): Promise<void> {
    this.stopped ??= this.stopOnce();
    return this.stopped;
  }

  /** Shortens the deadlines of a stop that is under way. */
  hurry(): void {
    this.hurried = true;
  }

  private async stopOnce(): Promise<void> {
    this.retire();
    await endChildren(this.records(), () => this.hurried);
    await this.guard.close();
    this.lock.release();
  }

  private retire(): void {
    for (const child of this.children) child.retire();
  }

  private async startOne(child: Child): Promise<void> {
    const started = Date.now();
    await child.start();
    this.options.log(`${child.spec.name} is ready (${((Date.now() - started) / MS_A_SECOND).toFixed(1)} s)`);
  }

  private records(): ChildRecord[] {
    return this.children.flatMap((child) => child.record() ?? []);
  }

  /** A full disk must not end the parts that run: the guard knows them too. */
  private noteChildren(records: readonly ChildRecord[]): void {
    const file = join(this.options.dataDir, CHILDREN_FILE);
    try {
      // Renamed into place: whoever reads it, and whatever kills us, it is whole.
      writeFileSync(`${file}.new`, JSON.stringify(records));
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      this.options.log(`could not note which parts run in ${file}: ${ensureError(thrown).message}`);
    }
  }

  private events(): ConstructorParameters<typeof Child>[1] {
    return {
      onChange: () => {
        const records = this.records();
        this.guard.report(records);
        this.noteChildren(records);
      },
      onDeath: (name, how, restartInMs) =>
        this.options.log(`${name} died (${how}); starting it again in ${restartInMs / MS_A_SECOND} s`),
    };
  }
}

function readChildren(dataDir: string): ChildRecord[] {
  try {
    return JSON.parse(readFileSync(join(dataDir, CHILDREN_FILE), 'utf8')) as ChildRecord[];
  } catch {
    return []; // never written, or cut off by a crash of the machine, after which nothing runs
  }
}
