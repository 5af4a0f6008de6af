import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildRecord } from './child';
import type { GuardMessage } from './guard';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity';
import { packageRoot } from './package-root';

const RESPAWN_DELAY_MS = 200;
const CLOSE_DEADLINE_MS = 2_000;
const CLOSE_POLL_MS = 10;

/** The supervisor's end of the pipe to its guard process. A guard that dies is replaced. */
export class GuardLink {
  private guard: ChildProcess | undefined;
  private last: GuardMessage = { children: [] };
  private closed = false;

  /** @param onGuard told who guards, each time that changes */
  constructor(
    private readonly logFile: string,
    private readonly onGuard: (guard: ProcessIdentity) => void,
  ) {
    this.spawnGuard();
  }

  /** Tells the guard which children there are now. */
  report(children: ChildRecord[]): void {
    this.last = { children };
    this.write();
  }

  /** All children are ended: the guard has nothing left to do, and ends. */
  async close(): Promise<void> {
    this.closed = true;
    this.last = { children: [], done: true };
    this.write();
    this.guard?.stdin?.end();
    const identity = this.guard?.pid === undefined ? undefined : identifyProcess(this.guard.pid);
    if (identity === undefined) return;
    for (const deadline = Date.now() + CLOSE_DEADLINE_MS; isAlive(identity) && Date.now() < deadline;) {
      await sleep(CLOSE_POLL_MS);
    }
  }

  private spawnGuard(): void {
    const script = join(packageRoot(), 'dist', 'src', 'local', 'guard.js');
    if (!existsSync(script)) throw new Error(`${script} is missing: run \`npm run setup\` first`);
    const log = openSync(this.logFile, 'a');
    const guard = spawn(process.execPath, [script], {
      detached: true,
      stdio: ['pipe', log, log],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    closeSync(log);
    this.guard = guard;
    // A write to a guard that just died fails here; its replacement gets the same line.
    guard.stdin?.on('error', () => undefined);
    guard.once('exit', () => {
      if (!this.closed) setTimeout(() => this.closed || this.spawnGuard(), RESPAWN_DELAY_MS);
    });
    guard.once('error', (error) => console.error(`the guard process did not start: ${error.message}`));
    const identity = guard.pid === undefined ? undefined : identifyProcess(guard.pid);
    if (identity !== undefined) this.onGuard(identity);
    this.write();
  }

  private write(): void {
    this.guard?.stdin?.write(`${JSON.stringify(this.last)}\n`);
  }
}
