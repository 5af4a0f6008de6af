import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { ChildSpec } from './child';

const NAMESPACE = 'default';
const CALL_DEADLINE_MS = 2_000;
const STOP_DEADLINE_MS = 10_000;
const READY_DEADLINE_MS = 60_000;

/** What workflows are found by, with their types as the Temporal CLI names them. */
export const SEARCH_ATTRIBUTES = {
  MemUserId: 'Keyword',
  MemConversationId: 'Keyword',
  MemPhase: 'Keyword',
  MemPending: 'Int',
  MemLastMessageAt: 'Datetime',
} as const;

/**
 * Fair queues, so that one user's import does not stand in front of everybody. One partition each: a partition hands
 * out by itself, so that in one of several what is live waits behind the imports in the others. Reading and writing go
 * together: pollers are spread over what is read, and few come through from partitions where nothing is written.
 * deploy/temporal/dynamic-config.yaml says the same for a cluster.
 */
const DYNAMIC_CONFIG = {
  'matching.enableFairness': true,
  'matching.useNewMatcher': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

/** What was deleted is overwritten, and the write-ahead log cut when it starts anew: an erased user's ids are gone. */
const FORGET_DELETED = { secure_delete: 'on', journal_size_limit: 0 };
/** Several times the writes a second of SQLite's own defaults. */
const SQLITE_PRAGMAS = { journal_mode: 'wal', synchronous: 'normal', ...FORGET_DELETED };

export interface TemporalOptions {
  binary: string;
  dataDir: string;
  logFile: string;
  port: number;
  uiPort: number;
  httpPort: number;
  metricsPort: number;
}

/** How to run the Temporal dev server on its SQLite file. */
export function temporalSpec(options: TemporalOptions): ChildSpec {
  const flags = {
    ip: '127.0.0.1',
    'ui-ip': '127.0.0.1',
    port: options.port,
    'ui-port': options.uiPort,
    'http-port': options.httpPort,
    'metrics-port': options.metricsPort,
    'db-filename': join(options.dataDir, 'temporal.db'),
    // Its warnings and errors name workflows, whose ids name people, and logs outlive them. Who calls it logs what it
    // fails at, and why it does not start it says all the same.
    'log-level': 'never',
  };
  return {
    name: 'temporal',
    command: options.binary,
    args: [
      'server',
      'start-dev',
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
      ...repeated('sqlite-pragma', SQLITE_PRAGMAS),
      ...repeated('search-attribute', SEARCH_ATTRIBUTES),
      ...repeated('dynamic-config-value', DYNAMIC_CONFIG),
    ],
    env: { ...process.env, TEMPORAL_ADDRESS: undefined },
    logFile: options.logFile,
    stage: 1,
    stopSignal: 'SIGTERM',
    stopDeadlineMs: STOP_DEADLINE_MS,
    readyDeadlineMs: READY_DEADLINE_MS,
    ready: () => checkReady(`127.0.0.1:${options.port}`),
  };
}

/** The frontend answers before the namespace and its search attributes are there, so ask for those. */
async function checkReady(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: CALL_DEADLINE_MS });
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      connection.operatorService.listSearchAttributes({ namespace: NAMESPACE }),
    );
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in (customAttributes ?? {})));
    if (missing.length > 0) throw new Error(`search attributes ${missing.join(', ')} are not there yet`);
  } finally {
    await connection.close();
  }
}

function repeated(flag: string, values: Record<string, unknown>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${flag}`, `${name}=${String(value)}`]);
}
