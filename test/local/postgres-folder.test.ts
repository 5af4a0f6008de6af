import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureDataFolder, isWholeCluster, postgresBinaries, postgresSpec } from '../../src/local/postgres';
import { asPostgresUser } from '../../src/local/postgres-user';

let dataDir: string;
let said: string[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'postgres-folder-'));
  said = [];
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function prepare(): ReturnType<typeof postgresSpec> {
  const logFile = join(dataDir, 'postgres.log');
  return postgresSpec({ dataDir, logFile, port: 1, durable: false, log: (line) => said.push(line) });
}

test('makes a whole cluster, removes what a killed initdb left, and keeps it the second time', async () => {
  mkdirSync(join(dataDir, 'postgres.new-123', 'base'), { recursive: true });
  await prepare();
  expect(readdirSync(dataDir)).toEqual(['postgres']);
  expect(isWholeCluster(join(dataDir, 'postgres'))).toBe(true);
  const made = statSync(join(dataDir, 'postgres', 'PG_VERSION')).ino;
  await prepare();
  expect(statSync(join(dataDir, 'postgres', 'PG_VERSION')).ino).toBe(made);
  expect(said).toEqual([]);
});

test('puts a half-written cluster aside and makes a whole one', async () => {
  const folder = join(dataDir, 'postgres');
  mkdirSync(folder);
  writeFileSync(join(folder, 'PG_VERSION'), '18\n');
  await prepare();
  expect(isWholeCluster(folder)).toBe(true);
  const aside = readdirSync(dataDir).find((name) => name.startsWith('postgres.broken-'));
  expect(readdirSync(join(dataDir, aside ?? ''))).toEqual(['PG_VERSION']);
  expect(said.join()).toContain('half written');
});

test('refuses the cluster of another major version', async () => {
  const folder = join(dataDir, 'postgres');
  mkdirSync(join(folder, 'global'), { recursive: true });
  writeFileSync(join(folder, 'PG_VERSION'), '16\n');
  writeFileSync(join(folder, 'global', 'pg_control'), '');
  chmodSync(folder, 0o700);
  await expect(prepare()).rejects.toThrow(/written by Postgres 16, this is Postgres 18.*DATA_DIR/);
});

test('a pid file whose pid is another program by now does not keep it from starting', async () => {
  const spec = await prepare();
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
  writeFileSync(pidFile, `${process.pid}\n${join(dataDir, 'postgres')}\n`);
  await spec.beforeStart?.();
  expect(existsSync(pidFile)).toBe(false);
  expect(readFileSync(join(dataDir, 'postgres', 'PG_VERSION'), 'utf8')).toBe('18\n');
});

test('works where checkout and data lie in a folder that is closed to others, as root too', async () => {
  const log = (line: string): void => void said.push(line);
  chmodSync(dataDir, 0o700);
  cpSync(dirname(postgresBinaries()), join(dataDir, 'native'), { recursive: true, verbatimSymlinks: true });
  const [bin, folder] = [join(dataDir, 'native', 'bin'), join(dataDir, 'postgres')];
  const runAs = asPostgresUser({ folder, binary: join(bin, 'initdb'), log });
  const logFile = join(dataDir, 'postgres.log');
  await ensureDataFolder(folder, { dataDir, logFile, port: 1, durable: false, log, bin, runAs });
  expect(isWholeCluster(folder)).toBe(true);
  expect(statSync(folder).uid).toBe(runAs.owner?.uid ?? process.getuid?.());
});
