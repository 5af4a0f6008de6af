import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';

const START_DEADLINE_MS = 180_000;
const LOCAL_MAIN = resolve(__dirname, '../../src/local/main.js');

/** A whole stack, as `npm start` runs it, on a data folder of its own that is removed afterwards. */
export interface BenchStack {
  url: string;
  dataDir: string;
  /** The environment that the API was started with. */
  env: Record<string, string>;
  pidOf(part: string): number;
  stop(): Promise<void>;
}

export async function startBenchStack(extraEnv: Record<string, string> = {}): Promise<BenchStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-bench-'));
  chmodSync(dataDir, 0o755);
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...extraEnv };
  const child = spawn(process.execPath, [LOCAL_MAIN], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  // A bench that is broken off takes its stack with it.
  process.once('exit', () => child.kill('SIGTERM'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const url = `http://127.0.0.1:${port}`;
  await poll('the stack is up', START_DEADLINE_MS, async () => {
    const response = await fetch(`${url}/health/full`);
    return ((await response.json()) as { status: string }).status === 'ok';
  });
  const pidOf = (part: string): number => {
    const children = JSON.parse(readFileSync(join(dataDir, 'children.json'), 'utf8')) as {
      name: string;
      pid: number;
    }[];
    const found = children.find((one) => one.name === part);
    if (!found) throw new Error(`${part} is not running`);
    return found.pid;
  };
  const entries = readFileSync(`/proc/${pidOf('api')}/environ`, 'utf8')
    .split('\0')
    .map((entry) => entry.split('='));
  return {
    url,
    dataDir,
    env: Object.fromEntries(entries.map(([name, ...value]) => [name, value.join('=')])),
    pidOf,
    stop: () => stop(child, dataDir),
  };
}

async function stop(child: ChildProcess, dataDir: string): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
  rmSync(dataDir, { recursive: true, force: true });
}
