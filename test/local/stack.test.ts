import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { isAlive, type ProcessIdentity } from '../../src/local/process-identity';
import { StackProcess, eventually } from '../support/stack-process';

const TEST_DEADLINE_MS = 120_000;
const SERVERS = ['postgres', 'temporal', 'weaviate'];

jest.setTimeout(TEST_DEADLINE_MS);

let dataDir: string;
const running: StackProcess[] = [];

beforeAll(() => {
  // Open to its owner alone: started by root, Postgres must get to its folder all the same.
  dataDir = mkdtempSync(join(tmpdir(), 'agentic-memories-stack-'));
});

afterAll(async () => {
  for (const stack of running) if (stack.child.exitCode === null) await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function run(options: { flags?: string[]; throughNpm?: boolean } = {}): StackProcess {
  const flags = ['--servers-only', ...(options.flags ?? [])];
  const stack = StackProcess.run({ dataDir, throughNpm: options.throughNpm ?? false, flags });
  running.push(stack);
  return stack;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function allGone(processes: ProcessIdentity[]): Promise<void> {
  await eventually('every process of the stack is gone', () => !processes.some(isAlive));
}

test('a whole life: killed parts come back, a killed stack leaves nothing running and nothing lost', async () => {
  const first = run();
  const servers = await first.servers();
  expect(
    first
      .children()
      .map((child) => child.name)
      .sort(),
  ).toEqual(SERVERS);
  await query(servers.DATABASE_URL, 'create table kept as select 42 as answer');

  for (const name of SERVERS) await first.killPart(name);
  const key = { authorization: `Bearer ${readFileSync(join(dataDir, 'weaviate.key'), 'utf8')}` };
  await eventually('Postgres answers again at its address', () =>
    query(servers.DATABASE_URL, 'select answer from kept').then(
      (rows) => rows.length === 1,
      () => false,
    ),
  );
  await eventually('Weaviate answers again at its address', () =>
    fetch(`${servers.WEAVIATE_URL}/v1/schema`, { headers: key }).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  await eventually('Temporal answers again at its address', () =>
    fetch(`${servers.TEMPORAL_UI_URL}/api/v1/namespaces`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  const stranger = await fetch(`${servers.WEAVIATE_URL}/v1/schema`);
  expect(stranger.status).toBe(401);

  const second = run({ flags: ['--wait-seconds', '1'] });
  expect(await second.exited).toBe(1);
  expect(second.output).toContain(`is held by process ${first.child.pid}, running since`);
  expect(second.output).toContain('set DATA_DIR to another folder');

  const processes = [...first.processes(), ...first.children()];
  expect(processes).toHaveLength(2 + SERVERS.length);
  first.child.kill('SIGKILL');
  // Started while the guard is still ending the servers, it waits for that.
  const third = run();
  const again = await third.servers();
  await allGone(processes);
  expect(await query(again.DATABASE_URL, 'select answer from kept')).toEqual([{ answer: 42 }]);

  const ending = [...third.processes(), ...third.children()];
  expect(await third.stop()).toBe(0);
  expect(ending.filter(isAlive)).toEqual([]);
  expect(third.output).toMatch(/stopping \(SIGTERM\)\nstopped\n$/);
  expect(readFileSync(join(dataDir, 'logs', 'postgres.log'), 'utf8').trim()).toMatch(
    /database system is shut down$/,
  );
});

test.each(['npm', 'the shell that npm puts between'])('a killed %s takes the stack with it', async (who) => {
  const stack = run({ throughNpm: true });
  await stack.servers();
  const [supervisor] = stack.processes();
  const victim = who === 'npm' ? stack.child.pid : parentOf(supervisor?.pid ?? 0);
  expect(victim).toBeGreaterThan(1);
  const processes = [...stack.processes(), ...stack.children()];
  process.kill(victim ?? 0, 'SIGKILL');
  await allGone(processes);
});

test('a stop while it starts ends in order too', async () => {
  const stack = run();
  await eventually('the first server runs', () => stack.output.includes('postgres is ready'));
  const processes = [...stack.processes(), ...stack.children()];
  expect(await stack.stop()).toBe(0);
  expect(processes.filter(isAlive)).toEqual([]);
});

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
