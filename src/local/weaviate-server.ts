import { join } from 'node:path';
import type { ChildSpec } from './child';

const CALL_DEADLINE_MS = 2_000;
const STOP_DEADLINE_MS = 15_000;
const READY_DEADLINE_MS = 120_000;
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
      AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'true',
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

async function checkReady(url: string): Promise<void> {
  const answer = await fetch(`${url}/v1/.well-known/ready`, {
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
}
