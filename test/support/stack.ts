import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { poll } from './poll';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 25_000;
const WORKER_DEADLINE_MS = 60_000;
/** Answers 200 as soon as the record is there. */
const ANY_READ = '/v1/retrieve?user_id=nobody';
const KEPT_OUTPUT_CHARS = 6_000;
const A_DAY_MS = 86_400_000;

/** The build that is tested. */
export const DIST = path.resolve(__dirname, /[\\/]dist[\\/]/.test(__dirname) ? '../..' : '../../dist');

type Environment = Record<string, string>;

/** A process of the product, run as in production: compiled, in a process of its own. */
export interface StackProcess {
  pid: number;
  /** Sends a signal and returns at once. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then waits for its end; SIGKILL when it takes too long. @returns its exit code, null when it was killed */
  stop(): Promise<number | null>;
  /** Resolves at its end, whoever ended it. */
  ended: Promise<number | null>;
  /** The last of what it wrote. */
  output(): string;
}

export interface ApiProcess extends StackProcess {
  url: string;
}

/** Starts `dist/src/server.js` on a free port and waits until it listens (not until the servers behind it are there). */
export async function startApi(options: { env: Environment }): Promise<ApiProcess> {
  const { child, running } = start('server', { HOST: '127.0.0.1', PORT: '0', ...options.env });
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the API does not listen; it said:\n${running.output()}`)),
      START_DEADLINE_MS,
    );
    child.on('message', (message: { listening?: string }) => {
      if (!message.listening) return;
      clearTimeout(timer);
      resolve(message.listening);
    });
    void running.ended.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the API ended with ${code} before it listened; it said:\n${running.output()}`));
    });
  });
  return { ...running, url };
}

/** Starts the API and waits until its record is ready, for tests that need no worker. */
export async function startReadyApi(options: { env: Environment }): Promise<ApiProcess> {
  const api = await startApi(options);
  await poll(
    'the record is ready',
    START_DEADLINE_MS,
    async () => (await fetch(`${api.url}${ANY_READ}`)).status === 200,
  );
  return api;
}

/** Starts `dist/src/worker.js` (of another build, if one is given). It says that it works by its heartbeat: `GET /health/full` of an API on the same task queue. */
export async function startWorker(options: { env: Environment; dist?: string }): Promise<StackProcess> {
  return start('worker', options.env, options.dist).running;
}

export interface Stack {
  url: string;
  /** What every further process of this stack has to be started with. */
  env: Environment;
  namespace: string;
  api: ApiProcess;
  worker: StackProcess;
  stop(): Promise<void>;
}

/** What keeps one test file's data and work apart from every other's, on the servers named in the environment. */
export function ownEnvironment(env: Environment = {}): Environment {
  const name = `test-${randomUUID()}`;
  return {
    NAMESPACE: name,
    TEMPORAL_TASK_QUEUE: name,
    HEARTBEAT_INTERVAL_MS: '1000',
    // The tests' stacks share one record: a sweep would start the others' conversations on this stack's task queue,
    // where nobody works once it has stopped. The kill tests, each with a record of its own, sweep.
    SWEEP_INTERVAL_MS: String(A_DAY_MS),
    EXPIRE_INTERVAL_MS: String(A_DAY_MS),
    COMPACT_INTERVAL_MS: String(A_DAY_MS),
    PROMOTE_INTERVAL_MS: String(A_DAY_MS),
    LOG_LEVEL: 'info',
    ...env,
  };
}

/** One API and one worker in a namespace and on a task queue of their own; resolves when both are at work. */
export async function startStack(options: { env?: Environment } = {}): Promise<Stack> {
  const env = ownEnvironment(options.env);
  const api = await startApi({ env });
  const worker = await startWorker({ env });
  const stop = async (): Promise<void> => {
    await Promise.all([api.stop(), worker.stop()]);
  };
  const failed = worker.ended.then((code) => {
    throw new Error(`the worker ended with ${code}; it said:\n${worker.output()}`);
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([
      failed,
      poll('API and worker are at work', WORKER_DEADLINE_MS, () => isAtWork(api.url)),
    ]);
  } catch (error) {
    await stop();
    throw new Error(
      `the stack did not start; the API said:\n${api.output()}\nthe worker said:\n${worker.output()}`,
      {
        cause: error,
      },
    );
  }
  return { url: api.url, env, namespace: env['NAMESPACE']!, api, worker, stop };
}

async function isAtWork(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/full`);
  const { checks } = (await response.json()) as {
    checks: Record<string, { status: string; detail?: string }>;
  };
  const wrong = Object.entries(checks).filter(([, check]) => check.status === 'failing');
  if (wrong.length > 0) throw new Error(wrong.map(([part, check]) => `${part}: ${check.detail}`).join('; '));
  // The heartbeat comes with the schema; routes open a moment after.
  return (await fetch(`${url}${ANY_READ}`)).status === 200;
}

function start(
  main: 'server' | 'worker',
  env: Environment,
  dist = DIST,
): { child: ChildProcess; running: StackProcess } {
  const script = path.join(dist, 'src', `${main}.js`);
  if (!existsSync(script)) throw new Error(`${script} is missing: run \`npm run build\` first`);
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += String(error);
      resolve(null);
    });
    child.once('close', resolve);
  });
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const code = await ended;
    clearTimeout(timer);
    return code;
  };
  const running = {
    pid: child.pid ?? -1,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    stop,
    ended,
    output: () => output,
  };
  return { child, running };
}
