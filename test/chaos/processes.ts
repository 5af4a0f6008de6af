import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildRecord } from '../../src/local/child';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { startApi, startWorker, type StackProcess } from '../support/stack';
import type { Part } from './schedule';

const SERVERS: readonly Part[] = ['temporal', 'weaviate', 'postgres'];
const START_DEADLINE_MS = 120_000;
const RESTART_DELAY_MS = 500;

/** The product's processes, each started again whenever it ends; the servers have their own supervisor. */
export class Processes {
  private readonly running = new Map<Part, StackProcess>();
  private readonly ports = new Map<Part, number>();
  private stopping = false;
  restarts = 0;

  constructor(
    private readonly dataDir: string,
    private readonly env: Record<string, string>,
  ) {}

  async start(): Promise<void> {
    for (const part of ['api-1', 'api-2'] as const) this.ports.set(part, await freePort());
    await Promise.all((['api-1', 'api-2', 'worker-1', 'worker-2'] as const).map((part) => this.run(part)));
  }

  /** Where the two API processes answer; the same after a restart. */
  urls(): string[] {
    return [...this.ports.values()].map((port) => `http://127.0.0.1:${port}`);
  }

  /** @returns false when it does not run just now */
  signal(part: Part, signal: NodeJS.Signals): boolean {
    const pid = this.pidOf(part);
    return pid !== undefined && send(pid, signal);
  }

  pidOf(part: Part): number | undefined {
    if (!SERVERS.includes(part)) return this.running.get(part)?.pid;
    const children = JSON.parse(readFileSync(join(this.dataDir, 'children.json'), 'utf8')) as ChildRecord[];
    return children.find(({ name }) => name === part)?.pid;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const one of this.running.values()) one.kill('SIGCONT');
    await Promise.all([...this.running.values()].map((one) => one.stop()));
  }

  private async run(part: Part): Promise<void> {
    const port = this.ports.get(part);
    const started =
      port === undefined
        ? await startWorker({ env: this.env })
        : // Its port may still be held by the one before.
          await poll(`${part} starts`, START_DEADLINE_MS, () =>
            startApi({ env: { ...this.env, PORT: String(port) } }),
          );
    this.running.set(part, started);
    void started.ended.then(async () => {
      this.running.delete(part);
      if (this.stopping) return;
      this.restarts += 1;
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      if (!this.stopping) await this.run(part);
    });
  }
}

/** @returns whether there was such a process */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw thrown;
  }
}
