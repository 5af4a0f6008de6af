import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildSpec } from './child';
import { logFile } from './logs';
import { packageRoot } from './package-root';
import type { ServersEnv } from './servers';

const CALL_DEADLINE_MS = 3_000;
const API_STOP_DEADLINE_MS = 10_000;
const WORKER_STOP_DEADLINE_MS = 25_000;
const READY_DEADLINE_MS = 90_000;

/**
 * People wait for the API, for Postgres and for Weaviate's queries. What Temporal and the worker do was answered before:
 * on a busy machine they take what is left.
 */
export const BACKGROUND_NICE = 10;

/** `GET /health/full`, as far as the local stack reads it. */
export interface FullHealth {
  status?: string;
  checks?: Record<string, { status: string; detail?: string } | undefined>;
}

export interface AppOptions {
  dataDir: string;
  servers: ServersEnv;
  host: string;
  port: number;
  /** Where the API is asked for its health. */
  apiUrl: string;
}

/** How to run the API and the worker against these servers. */
export function appSpecs(options: AppOptions): ChildSpec[] {
  const env = {
    ...process.env,
    ...options.servers,
    HOST: options.host,
    PORT: String(options.port),
  };
  const shared = {
    command: process.execPath,
    env,
    stopSignal: 'SIGTERM' as const,
    readyDeadlineMs: READY_DEADLINE_MS,
  };
  return [
    {
      ...shared,
      name: 'api',
      args: [builtFile('server.js')],
      logFile: logFile(options.dataDir, 'api'),
      stage: 3,
      stopDeadlineMs: API_STOP_DEADLINE_MS,
      ready: async () => void (await getJson(`${options.apiUrl}/health`)),
    },
    {
      ...shared,
      name: 'worker',
      nice: BACKGROUND_NICE,
      args: [builtFile('worker.js')],
      logFile: logFile(options.dataDir, 'worker'),
      stage: 2,
      stopDeadlineMs: WORKER_STOP_DEADLINE_MS,
      // A worker has no port; the API knows its heartbeats.
      ready: async () => {
        const worker = (await fullHealth(options.apiUrl)).checks?.['worker'];
        if (worker?.status !== 'ok')
          throw new Error(`the API says of the worker: ${worker?.detail ?? 'not seen yet'}`);
      },
    },
  ];
}

/** Asks the API how everything is. */
export async function fullHealth(apiUrl: string): Promise<FullHealth> {
  return (await getJson(`${apiUrl}/health/full`)) as FullHealth;
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
}

function builtFile(name: string): string {
  const file = join(packageRoot(), 'dist', 'src', name);
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\``);
  return file;
}
