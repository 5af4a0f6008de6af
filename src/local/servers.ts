import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TEMPORAL, WEAVIATE, findBinary, waysOut, type GoServer } from './binaries';
import type { ChildSpec } from './child';
import { PortChooser } from './ports';
import { databaseUrl, postgresSpec } from './postgres';
import { logFile } from './logs';
import { Supervisor, type SupervisorOptions } from './supervisor';
import { temporalSpec } from './temporal-server';
import { weaviateKey, weaviateSpec } from './weaviate-server';

const DEFAULT_PORTS = {
  PG_PORT: 5_433,
  TEMPORAL_PORT: 7_233,
  TEMPORAL_UI_PORT: 8_233,
  WEAVIATE_PORT: 8_081,
  WEAVIATE_GRPC_PORT: 50_051,
};
/** Ports that nobody but the server itself talks to. */
const INNER_PORTS = { temporalHttp: 7_243, temporalMetrics: 7_253, gossip: 7_946, raft: 8_300 };

/** Addresses under which the API, the worker and tests find the servers. */
export interface ServersEnv {
  DATABASE_URL: string;
  TEMPORAL_ADDRESS: string;
  TEMPORAL_UI_URL: string;
  WEAVIATE_URL: string;
  WEAVIATE_GRPC: string;
  WEAVIATE_API_KEY: string;
}

export interface ServersOptions {
  dataDir: string;
  /** Addresses, ports and binaries named here win. */
  env?: NodeJS.ProcessEnv;
  /** Ports from anywhere instead of the usual ones: for stacks that run beside others. */
  randomPorts?: boolean;
  /** False only for data that nobody will miss: a crash of the machine may lose it, and Weaviate asks for no key. */
  durable?: boolean;
  log?(line: string): void;
}

export interface Servers {
  env: ServersEnv;
  stop(): Promise<void>;
}

/** What is to be started, and the addresses it will have. */
export interface ServersPlan {
  env: ServersEnv;
  children: ChildSpec[];
}

/**
 * Starts Postgres, Temporal and Weaviate on one data folder and keeps them running; a server whose address is in the
 * environment is not started. They end with this process, however it ends.
 */
export async function startServers(options: ServersOptions & Partial<SupervisorOptions>): Promise<Servers> {
  const given = givenAddresses(options.env ?? process.env);
  if (given.DATABASE_URL && given.TEMPORAL_ADDRESS && given.WEAVIATE_URL && given.WEAVIATE_GRPC) {
    return { env: given, stop: () => Promise.resolve() };
  }
  const dataDir = resolve(options.dataDir);
  const supervisor = await Supervisor.open({ log: () => undefined, lockWaitMs: 0, ...options, dataDir });
  try {
    const plan = await planServers({ ...options, dataDir });
    await supervisor.start(plan.children);
    return { env: plan.env, stop: () => supervisor.stop() };
  } catch (thrown) {
    await supervisor.stop();
    throw thrown;
  }
}

/** Chooses binaries and ports, and prepares the data folders. The caller holds the data folder's lock. */
export async function planServers(options: ServersOptions): Promise<ServersPlan> {
  const env = options.env ?? process.env;
  const log = options.log ?? (() => undefined);
  const dataDir = options.dataDir;
  const ports = new PortChooser(options.randomPorts ?? false);
  const port = (variable: keyof typeof DEFAULT_PORTS): Promise<number> => choosePort(ports, variable, env);
  const children: ChildSpec[] = [];
  const addresses = givenAddresses(env);
  if ((addresses.WEAVIATE_URL === '') !== (addresses.WEAVIATE_GRPC === '')) {
    throw new Error('set both WEAVIATE_URL and WEAVIATE_GRPC to use a running Weaviate, or neither');
  }
  if (addresses.TEMPORAL_ADDRESS === '') {
    const binary = requireBinary(TEMPORAL, env, log);
    const [main, ui] = [await port('TEMPORAL_PORT'), await port('TEMPORAL_UI_PORT')];
    const httpPort = await ports.near(INNER_PORTS.temporalHttp);
    const metricsPort = await ports.near(INNER_PORTS.temporalMetrics);
    const logs = logFile(dataDir, 'temporal');
    children.push(
      temporalSpec({ binary, dataDir, logFile: logs, port: main, uiPort: ui, httpPort, metricsPort }),
    );
    addresses.TEMPORAL_ADDRESS = `127.0.0.1:${main}`;
    addresses.TEMPORAL_UI_URL ||= `http://127.0.0.1:${ui}`;
  }
  if (addresses.WEAVIATE_URL === '') {
    const binary = requireBinary(WEAVIATE, env, log);
    const [http, grpcPort] = [await port('WEAVIATE_PORT'), await port('WEAVIATE_GRPC_PORT')];
    const apiKey = (options.durable ?? true) ? weaviateKey(dataDir) : undefined;
    const gossipPort = await ports.near(INNER_PORTS.gossip, 2);
    const raftPort = await ports.near(INNER_PORTS.raft, 2);
    mkdirSync(join(dataDir, 'weaviate'), { recursive: true });
    const logs = logFile(dataDir, 'weaviate');
    children.push(
      weaviateSpec({ binary, dataDir, logFile: logs, port: http, grpcPort, gossipPort, raftPort, apiKey }),
    );
    addresses.WEAVIATE_URL = `http://127.0.0.1:${http}`;
    addresses.WEAVIATE_API_KEY = apiKey ?? '';
    addresses.WEAVIATE_GRPC = `127.0.0.1:${grpcPort}`;
  }
  if (addresses.DATABASE_URL === '') {
    const pgPort = await port('PG_PORT');
    const durable = options.durable ?? true;
    children.push(
      await postgresSpec({ dataDir, logFile: logFile(dataDir, 'postgres'), port: pgPort, durable, log }),
    );
    addresses.DATABASE_URL = databaseUrl(pgPort);
  }
  return { env: addresses, children };
}

function givenAddresses(env: NodeJS.ProcessEnv): ServersEnv {
  return {
    DATABASE_URL: env['DATABASE_URL'] ?? '',
    TEMPORAL_ADDRESS: env['TEMPORAL_ADDRESS'] ?? '',
    TEMPORAL_UI_URL: env['TEMPORAL_UI_URL'] ?? '',
    WEAVIATE_URL: env['WEAVIATE_URL'] ?? '',
    WEAVIATE_GRPC: env['WEAVIATE_GRPC'] ?? '',
    WEAVIATE_API_KEY: env['WEAVIATE_API_KEY'] ?? '',
  };
}

async function choosePort(
  ports: PortChooser,
  variable: keyof typeof DEFAULT_PORTS,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const named = Number(env[variable] ?? 0);
  if (!Number.isInteger(named) || named < 0) throw new Error(`${variable}=${env[variable]} is no port`);
  if (named > 0) return ports.exactly(named, variable, `Set ${variable} to a free one, or leave it out.`);
  return ports.near(DEFAULT_PORTS[variable]);
}

function requireBinary(server: GoServer, env: NodeJS.ProcessEnv, log: (line: string) => void): string {
  const found = findBinary(server, env, log);
  if (found !== undefined) return found;
  throw new Error(`there is no ${server.name} to run. ${waysOut(server)}`);
}
