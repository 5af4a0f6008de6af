import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../support/poll';
import { setShards } from '../support/weaviate-shards';
import type { SmallDisk } from './disk';
import { send, type Processes } from './processes';
import type { Fault } from './schedule';
import type { Stores } from './verdict';

const RECOVERY_DEADLINE_MS = 120_000;
const CALL_DEADLINE_MS = 4_000;
/** Whether a part is well is asked through an API process, by this name. */
const CHECKS: Record<string, string> = {
  'worker-1': 'worker',
  'worker-2': 'worker',
  temporal: 'temporal',
  weaviate: 'weaviate',
  postgres: 'postgres',
};

interface Surroundings {
  processes: Processes;
  disk: SmallDisk | null;
  weaviate: Stores['weaviate'];
  urls: readonly string[];
  log(line: string): void;
}

/** Does what a schedule says, and notes how long each part took to be well again. */
export class FaultInjector {
  readonly counts: Record<string, number> = {};
  readonly skipped: string[] = [];
  readonly recoveryMs: Record<string, number> = {};

  constructor(private readonly around: Surroundings) {}

  /** @throws when a part is not well again in time */
  async run(faults: readonly Fault[]): Promise<void> {
    const started = Date.now();
    const running: Promise<void>[] = [];
    for (const fault of faults) {
      await sleep(Math.max(0, started + fault.atMs - Date.now()));
      const inject = this.inject(fault);
      inject.catch(() => undefined);
      running.push(inject);
    }
    await Promise.all(running);
  }

  private async inject(fault: Fault): Promise<void> {
    const { kind, part, forMs } = fault;
    const what = `${kind} ${kind === 'disk-full' ? 'everywhere' : part}`;
    this.around.log(`${(fault.atMs / 1_000).toFixed(1)} s: ${what}`);
    if (!(await this.strike(fault))) {
      this.skipped.push(what);
      return;
    }
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const over = Date.now();
    await poll(
      `${part} is well after ${what} of ${forMs} ms`,
      RECOVERY_DEADLINE_MS,
      () => this.isWell(fault),
      250,
    );
    const tookMs = Date.now() - over;
    this.recoveryMs[part] = Math.max(this.recoveryMs[part] ?? 0, tookMs);
  }

  /** Returns when the fault is over. @returns false when it could not be done */
  private async strike({ kind, part, forMs }: Fault): Promise<boolean> {
    const { processes, disk, weaviate } = this.around;
    switch (kind) {
      case 'kill':
        return processes.signal(part, 'SIGKILL');
      case 'restart':
        return processes.signal(part, 'SIGTERM');
      case 'freeze': {
        const pid = processes.pidOf(part);
        if (pid === undefined || !send(pid, 'SIGSTOP')) return false;
        await sleep(forMs);
        send(pid, 'SIGCONT');
        return true;
      }
      case 'read-only':
        // It may be away just then.
        await poll('Weaviate is there', RECOVERY_DEADLINE_MS, () => setShards(weaviate, 'READONLY'), 250);
        await sleep(forMs);
        await poll(
          'Weaviate takes writes again',
          RECOVERY_DEADLINE_MS,
          () => setShards(weaviate, 'READY'),
          250,
        );
        return true;
      case 'disk-full':
        if (disk === null) return false;
        disk.fill();
        await sleep(forMs);
        disk.free();
        return true;
    }
  }

  private async isWell({ part }: Fault): Promise<boolean> {
    const check = CHECKS[part];
    const url = part === 'api-2' ? this.around.urls[1]! : this.around.urls[0]!;
    const response = await fetch(`${url}/health${check ? '/full' : ''}`, {
      signal: AbortSignal.timeout(CALL_DEADLINE_MS),
    });
    const body = (await response.json()) as { checks?: Record<string, { status: string }> };
    return check ? body.checks?.[check]?.status === 'ok' : response.ok;
  }
}
