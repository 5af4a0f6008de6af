import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildSpec } from './child';

const CALL_DEADLINE_MS = 2_000;
const STOP_DEADLINE_MS = 15_000;
const READY_DEADLINE_MS = 120_000;
const KEY_BYTES = 24;
const USER = 'agentic-memories';
/** A nearly full disk would turn the index read-only, and imports with it, long before anything is wrong. */
const READONLY_DISK_PERCENTAGE = 99;

export interface WeaviateOptions {
  binary: string;
  dataDir: string;
  logFile: string;
  port: number;
  grpcPort: number;
  /** The port behind it is used as well. */
  gossipPort: number;
  /** The port behind it is used as well. */
  raftPort: number;
  /** Undefined: whoever reaches its ports may use it. */
  apiKey: string | undefined;
}

/** How to run Weaviate as a cluster of one. */
export function weaviateSpec(options: WeaviateOptions): ChildSpec {
  return {
    name: 'weaviate',
    command: options.binary,
    args: ['--host', '127.0.0.1', '--port', String(options.port), '--scheme', 'http'],
    env: {
      ...process.env,
      PERSISTENCE_DATA_PATH: join(options.dataDir, 'weaviate'),
      ...authentication(options.apiKey),
      AUTOSCHEMA_ENABLED: 'false',
      DEFAULT_VECTORIZER_MODULE: 'none',
      ENABLE_MODULES: '',
      DISABLE_TELEMETRY: 'true',
      DISK_USE_WARNING_PERCENTAGE: String(READONLY_DISK_PERCENTAGE),
      DISK_USE_READONLY_PERCENTAGE: String(READONLY_DISK_PERCENTAGE),
      GRPC_PORT: String(options.grpcPort),
      // Data belongs to the host name of the node that wrote it: a machine that is renamed must not lose it.
      CLUSTER_HOSTNAME: 'node1',
      // On one machine it takes the port behind each of these for its partner, whatever the variables say.
      CLUSTER_IN_LOCALHOST: 'true',
      CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
      CLUSTER_BIND_ADDR: '127.0.0.1',
      CLUSTER_GOSSIP_BIND_PORT: String(options.gossipPort),
      CLUSTER_DATA_BIND_PORT: String(options.gossipPort + 1),
      RAFT_PORT: String(options.raftPort),
      RAFT_INTERNAL_RPC_PORT: String(options.raftPort + 1),
      // Nobody to elect a leader with: no need to wait for others as long as a cluster must.
      RAFT_TIMEOUTS_MULTIPLIER: '1',
      GO_PROFILING_DISABLE: 'true',
      LOG_LEVEL: 'info',
    },
    logFile: options.logFile,
    stage: 1,
    stopSignal: 'SIGTERM',
    stopDeadlineMs: STOP_DEADLINE_MS,
    readyDeadlineMs: READY_DEADLINE_MS,
    ready: () => checkReady(`http://127.0.0.1:${options.port}`),
  };
}

/**
 * The key under which this data folder's Weaviate answers. Its gRPC and cluster ports listen on every address and
 * cannot be told otherwise; with a key, only they do, and nobody gets an answer.
 */
export function weaviateKey(dataDir: string): string {
  const file = join(dataDir, 'weaviate.key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(KEY_BYTES).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

function authentication(apiKey: string | undefined): NodeJS.ProcessEnv {
  if (apiKey === undefined) return { AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'true' };
  return {
    AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'false',
    AUTHENTICATION_APIKEY_ENABLED: 'true',
    AUTHENTICATION_APIKEY_ALLOWED_KEYS: apiKey,
    AUTHENTICATION_APIKEY_USERS: USER,
    CLUSTER_BASIC_AUTH_USERNAME: USER,
    CLUSTER_BASIC_AUTH_PASSWORD: apiKey,
  };
}

async function checkReady(url: string): Promise<void> {
  const answer = await fetch(`${url}/v1/.well-known/ready`, {
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
}
