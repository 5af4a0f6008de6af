import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureError } from '../domain/errors';
import { StoppedError } from './data-lock';
import { identifyProcess, type ProcessIdentity } from './process-identity';

const FIRST_RESTART_DELAY_MS = 500;
const MAX_RESTART_DELAY_MS = 15_000;
/** A child that lived this long has earned a quick restart again. */
const HEALTHY_LIFE_MS = 60_000;
const READY_POLL_MS = 100;
/** How long a child that is started again has the machine as the others have. */
const STARTUP_MS = 30_000;
/** Deaths before a child was ever ready that make the start give up. */
const MAX_DEATHS_BEFORE_READY = 3;
const LOG_TAIL_BYTES = 2_000;

/** How one part of the stack is run. */
export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Only as root: whom it runs as. */
  user?: { uid: number; gid: number };
  /** How far it gives way to the others on a busy machine, as in `nice`; 0 by default. */
  nice?: number;
  logFile: string;
  /** Higher stages stop first; the next one waits until they are gone. */
  stage: number;
  stopSignal: NodeJS.Signals;
  stopDeadlineMs: number;
  readyDeadlineMs: number;
  /** Resolves when the part does its work; throws while it does not yet. */
  ready(): Promise<void>;
  /** Puts right what a death may have left behind, before each start. */
  beforeStart?(): Promise<void>;
}

/** What a stranger needs to end a child in good order. */
export interface ChildRecord extends ProcessIdentity {
  name: string;
  stage: number;
  stopSignal: NodeJS.Signals;
  stopDeadlineMs: number;
}

export interface ChildEvents {
  onChange(): void;
  onDeath(name: string, how: string, restartInMs: number): void;
}

/** One part of the stack: started, restarted with growing pauses when it dies, stopped. */
export class Child {
  private process: ChildProcess | undefined;
  private identity: ProcessIdentity | undefined;
  private stopping = false;
  private deaths = 0;
  private everReady = false;
  private deathsBeforeReady = 0;
  private lastDeath = 'it never started';
  private restart: NodeJS.Timeout | undefined;

  constructor(
    readonly spec: ChildSpec,
    private readonly events: ChildEvents,
  ) {}

  /** Starts the child and waits until it is ready. @throws Error with the end of its log. */
  async start(): Promise<void> {
    await this.launch();
    const deadline = Date.now() + this.spec.readyDeadlineMs;
    for (let lastError: unknown; ; await sleep(READY_POLL_MS)) {
      if (this.stopping) throw new StoppedError(`${this.spec.name} was stopped while it started`);
      if (this.deathsBeforeReady >= MAX_DEATHS_BEFORE_READY) throw this.startError(this.lastDeath, lastError);
      if (Date.now() > deadline) {
        throw this.startError(`not ready within ${this.spec.readyDeadlineMs / 1_000} s`, lastError);
      }
      if (this.identity === undefined) continue;
      try {
        await this.spec.ready();
        this.everReady = true;
        // Not before: on a busy machine it would take minutes to start.
        this.giveWay();
        return;
      } catch (thrown) {
        lastError = thrown;
      }
    }
  }

  private giveWay(): void {
    const pid = this.process?.pid;
    if (pid !== undefined && this.spec.nice !== undefined) giveWay(pid, this.spec.nice);
  }

  /** After a restart nobody waits for it to be ready. */
  private giveWayLater(): void {
    const started = this.process;
    setTimeout(() => {
      if (this.process === started) this.giveWay();
    }, STARTUP_MS).unref();
  }

  /** The child as it runs now; undefined while it is down. */
  record(): ChildRecord | undefined {
    if (this.identity === undefined) return undefined;
    const { name, stage, stopSignal, stopDeadlineMs } = this.spec;
    return { name, stage, stopSignal, stopDeadlineMs, ...this.identity };
  }

  /** From now on the child is not started again. */
  retire(): void {
    this.stopping = true;
    clearTimeout(this.restart);
  }

  private async launch(): Promise<void> {
    await this.spec.beforeStart?.();
    if (this.stopping) return;
    const log = openSync(this.spec.logFile, 'a');
    let child: ChildProcess;
    try {
      const { command, args } = withPriority(this.spec);
      child = spawn(command, args, {
        env: this.spec.env,
        // An own session: a terminal's Ctrl-C reaches the supervisor alone, which stops all in order.
        detached: true,
        stdio: ['ignore', log, log],
        ...(this.spec.user ?? {}),
      });
    } finally {
      closeSync(log);
    }
    this.process = child;
    const startedAt = Date.now();
    child.once('error', (error) => this.died(startedAt, error.message));
    child.once('exit', (code, signal) =>
      this.died(startedAt, signal === null ? `exit code ${code}` : signal),
    );
    if (child.pid !== undefined) {
      this.identity = identifyProcess(child.pid);
      this.events.onChange();
    }
  }

  private died(startedAt: number, how: string): void {
    if (this.process === undefined) return;
    this.process = undefined;
    this.identity = undefined;
    this.lastDeath = `it ended with ${how}`;
    this.events.onChange();
    if (this.stopping) return;
    if (!this.everReady) this.deathsBeforeReady += 1;
    this.deaths = Date.now() - startedAt > HEALTHY_LIFE_MS ? 1 : this.deaths + 1;
    this.launchLater(how);
  }

  private launchLater(how: string): void {
    const delayMs = restartDelayMs(this.deaths);
    this.events.onDeath(this.spec.name, how, delayMs);
    this.restart = setTimeout(() => {
      this.launch().then(
        () => this.giveWayLater(),
        (thrown: unknown) => {
          this.deaths += 1;
          this.lastDeath = ensureError(thrown).message;
          this.launchLater(this.lastDeath);
        },
      );
    }, delayMs);
  }

  private startError(why: string, cause: unknown): Error {
    const reason = cause === undefined ? '' : ` (${ensureError(cause).message})`;
    const tail = logTail(this.spec.logFile);
    return new Error(
      `${this.spec.name} did not start: ${why}${reason}. Its log, ${this.spec.logFile}, ends:\n${tail}`,
      {
        cause,
      },
    );
  }
}

/** Pause before a child that has died `deaths` times in a row is started again. */
export function restartDelayMs(deaths: number): number {
  return Math.min(FIRST_RESTART_DELAY_MS * 2 ** Math.max(0, deaths - 1), MAX_RESTART_DELAY_MS);
}

function logTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-LOG_TAIL_BYTES).trim() || '(empty)';
  } catch (thrown) {
    return `(unreadable: ${ensureError(thrown).message})`;
  }
}

/** By `nice` itself rather than from outside, so that no thread starts before the priority is set. */
function withPriority({ command, args, nice = 0 }: ChildSpec): Pick<ChildSpec, 'command' | 'args'> {
  return nice === 0 ? { command, args } : { command: 'nice', args: ['-n', String(nice), command, ...args] };
}

/**
 * Where Linux groups processes by session (sched_autogroup), `nice` counts within a session alone, and each child leads
 * its own: the group's own niceness is what the others feel. Elsewhere there is no such file, and `nice` has done it.
 */
function giveWay(pid: number, nice: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch (thrown) {
    const { code } = ensureError(thrown) as NodeJS.ErrnoException;
    // No such feature, not allowed here, or the child has just ended: it runs on as it is.
    if (!['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'EAGAIN', 'ESRCH', 'EINVAL'].includes(code ?? ''))
      throw thrown;
  }
}
