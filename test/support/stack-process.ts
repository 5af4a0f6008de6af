import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildRecord } from '../../src/local/child';
import type { LockHolder } from '../../src/local/data-lock';
import { isAlive, type ProcessIdentity } from '../../src/local/process-identity';
import { packageRoot } from '../../src/local/package-root';
import type { ServersEnv } from '../../src/local/servers';
import { poll } from './poll';

const POLL_MS = 100;
const DEADLINE_MS = 60_000;
const REQUEST_DEADLINE_MS = 10_000;
/** What the shared servers of the tests put into the environment; a stack of its own must not use them. */
const SHARED = [
  'DATABASE_URL',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_UI_URL',
  'WEAVIATE_URL',
  'WEAVIATE_GRPC',
  'WEAVIATE_API_KEY',
];

export interface StackProcessOptions {
  dataDir: string;
  /** Flags of src/local/main.ts. */
  flags?: string[];
  env?: NodeJS.ProcessEnv;
  /** Runs it by `npm start`, as people do: npm, a shell, and then the stack, all in a process group of their own. */
  throughNpm?: boolean;
  /** The usual ports, or those next to them, instead of any. */
  usualPorts?: boolean;
}

/** A whole stack as a process of its own, as `npm start` runs it; built files, so build before. */
export class StackProcess {
  output = '';
  readonly exited: Promise<number | NodeJS.Signals | null>;

  private constructor(
    readonly child: ChildProcess,
    readonly dataDir: string,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk));
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  }

  static run(options: StackProcessOptions): StackProcess {
    const script = join(packageRoot(), 'dist', 'src', 'local', 'main.js');
    const args = [script, ...(options.usualPorts ? [] : ['--random-ports']), ...(options.flags ?? [])];
    const env: NodeJS.ProcessEnv = { ...process.env, PORT: '0', ...options.env, DATA_DIR: options.dataDir };
    for (const name of [...SHARED, 'npm_lifecycle_event'])
      if (!(name in (options.env ?? {}))) delete env[name];
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    if (!options.throughNpm) {
      return new StackProcess(spawn(process.execPath, args, { env, stdio: [...stdio] }), options.dataDir);
    }
    const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-npm-'));
    const start = [process.execPath, ...args].join(' ');
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'start', version: '1.0.0', scripts: { start } }),
    );
    const started = new StackProcess(
      spawn('npm', ['start'], { env, stdio: [...stdio], cwd: folder, detached: true }),
      options.dataDir,
    );
    void started.exited.then(() => rmSync(folder, { recursive: true, force: true }));
    return started;
  }

  /** Waits for a line in what it says. @returns the match */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await eventually(`the stack says ${pattern.source}; it said: ${this.output}`, () => {
      match = pattern.exec(this.output);
      if (match === null && this.child.exitCode !== null)
        throw new Error(`the stack ended. It said: ${this.output}`);
      return match !== null;
    });
    return match as unknown as RegExpExecArray;
  }

  /** Addresses of the servers, once they run; only with `--servers-only`. */
  async servers(): Promise<ServersEnv> {
    const [, json] = await this.says(/servers are running: (\{.*\})/);
    return JSON.parse(json ?? '') as ServersEnv;
  }

  /** Where the API is, once everything runs. */
  async api(): Promise<string> {
    const [, url] = await this.says(/^ +API +(http\S+)$/m);
    await this.says(/Ctrl-C stops everything/);
    return url ?? '';
  }

  /** The parts that run now. */
  children(): ChildRecord[] {
    const file = join(this.dataDir, 'children.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ChildRecord[]) : [];
  }

  part(name: string): ChildRecord | undefined {
    return this.children().find((child) => child.name === name && isAlive(child));
  }

  pidOf(name: string): number {
    const found = this.part(name);
    if (!found) throw new Error(`${name} is not running; the stack said:\n${this.output}`);
    return found.pid;
  }

  /** What the API was started with. */
  environmentOfApi(): Record<string, string> {
    const entries = readFileSync(`/proc/${this.pidOf('api')}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean);
    return Object.fromEntries(
      entries.map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]),
    );
  }

  /** Waits until the API at this address says that all is well. @throws Error with what the stack said */
  async isUp(api: string, deadlineMs: number): Promise<void> {
    await poll('the stack is up', deadlineMs, () => isWell(api)).catch((cause: unknown) => {
      throw new Error(`the stack did not start; it said:\n${this.output}`, { cause });
    });
  }

  /** The supervisor and its guard. */
  processes(): ProcessIdentity[] {
    return (JSON.parse(readFileSync(join(this.dataDir, 'stack.lock'), 'utf8')) as LockHolder).processes;
  }

  /** Kills a part the hard way and waits until another process has taken its place. */
  async killPart(name: string): Promise<void> {
    const before = this.part(name);
    if (before === undefined) throw new Error(`${name} does not run`);
    process.kill(before.pid, 'SIGKILL');
    await eventually(`${name} is started again`, () => (this.part(name)?.pid ?? before.pid) !== before.pid);
  }

  /** As a terminal does: everybody in the foreground hears it. Only of one that was run through npm. */
  async pressCtrlC(): Promise<number | NodeJS.Signals | null> {
    process.kill(-(this.child.pid ?? 0), 'SIGINT');
    return this.exited;
  }

  /** Ends the stack in order. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }
}

/** Whether every part of the stack behind this API is well. */
export async function isWell(api: string): Promise<boolean> {
  const response = await fetch(`${api}/health/full`, { signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) });
  return ((await response.json()) as { status: string }).status === 'ok';
}

/** Polls until it is true. @throws Error after a minute */
export async function eventually(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; ; await sleep(POLL_MS)) {
    if (await isTrue()) return;
    if (Date.now() > deadline) throw new Error(`did not come true in time: ${what}`);
  }
}
