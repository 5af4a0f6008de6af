import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../src/local/process-identity';
import { apiClient } from '../support/api-client';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { StackProcess } from '../support/stack-process';

const TEST_DEADLINE_MS = 240_000;
const INDEXED_DEADLINE_MS = 60_000;
const A_DAY_SECONDS = 86_400;
/** Where the servers run if nobody else does. */
const USUAL_PORTS = [5_433, 7_233, 8_233, 8_081, 50_051];
/** Where SQLite's file header says how it journals: 2 is the write-ahead log. */
const WRITE_AND_READ_VERSION = [18, 20] as const;
const WAL_VERSIONS = Buffer.from([2, 2]);

jest.setTimeout(TEST_DEADLINE_MS);

const folders: string[] = [];
const running: StackProcess[] = [];
const squatters: Server[] = [];

afterAll(async () => {
  for (const stack of running) if (stack.child.exitCode === null) await stack.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  for (const server of squatters) server.close();
});

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-whole-'));
  folders.push(folder);
  return folder;
}

function run(options: Parameters<typeof StackProcess.run>[0]): StackProcess {
  const stack = StackProcess.run(options);
  running.push(stack);
  return stack;
}

test('Ctrl-C ends everything in order, and everything is there after the next start', async () => {
  const dataDir = dataFolder();
  const first = run({ dataDir, throughNpm: true });
  let api = apiClient(await first.api());

  // What the screen says to try.
  const [, storeUrl, storeBody] = /curl -s (\S+) -H '[^']*' \\\n +-d '(.*)'$/m.exec(first.output)!;
  const [, askUrl] = /curl -s '(\S+)'$/m.exec(first.output)!;
  const stored = await apiClient('').post(storeUrl!, storeBody);
  expect([200, 202]).toContain(stored.status);
  const answer = async (url: string): Promise<string | undefined> =>
    (await apiClient('').get(url)).body.results[0]?.content as string | undefined;
  const lin = 'My sister Lin moved to Oslo in May.';
  await poll('it is found', INDEXED_DEADLINE_MS, async () => (await answer(askUrl!)) === lin);

  // A tail that waits for its window.
  await api.send('PUT', '/v1/conversations/tail/policy?user_id=ada', {
    ingestion: { low_volume_batch_size: 9, flush_interval_seconds: A_DAY_SECONDS },
  });
  await api.post('/v1/conversations/tail/messages', {
    user_id: 'ada',
    messages: [{ role: 'user', content: 'The kingfisher nests by the old mill.' }],
  });
  const tail = async () => (await api.get('/v1/conversations/tail?user_id=ada')).body;
  expect(await tail()).toMatchObject({ phase: 'buffering', pending: 1 });

  expect(readFileSync(join(dataDir, 'temporal.db')).subarray(...WRITE_AND_READ_VERSION)).toEqual(
    WAL_VERSIONS,
  );
  const parts = [...first.processes(), ...first.children()];
  await first.pressCtrlC();
  expect(parts.filter(isAlive)).toEqual([]);
  expect(first.output).toMatch(/stopping \(SIGINT\)\n(.*\n)*stopped\n/);
  // Npm and its shell heard it as well: that is nobody who will not wait.
  expect(first.output).not.toContain('not waiting');
  expect(readFileSync(join(dataDir, 'logs', 'postgres.log'), 'utf8').trim()).toMatch(
    /database system is shut down$/,
  );

  const second = run({ dataDir });
  const url = await second.api();
  api = apiClient(url);
  expect(await answer(askUrl!.replace(/^http:\/\/[^/]+/, url))).toBe(lin);
  expect(await tail()).toMatchObject({ phase: 'buffering', pending: 1 });
  await api.post('/v1/conversations/tail/flush?user_id=ada');
  await poll('the tail is indexed', INDEXED_DEADLINE_MS, async () => (await tail()).pending === 0);
  expect(await second.stop()).toBe(0);
});

test('inner ports that are taken are left to whoever has them, unless they were asked for', async () => {
  for (const port of USUAL_PORTS) {
    const server = createServer().listen(port, '127.0.0.1');
    // Taken by another program is as good.
    await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => undefined);
    squatters.push(server);
  }
  const dataDir = dataFolder();
  const stack = run({ dataDir, usualPorts: true, flags: ['--servers-only'] });
  const addresses = JSON.stringify(await stack.servers());
  for (const port of USUAL_PORTS) expect(addresses).not.toContain(`:${port}`);
  expect(await stack.stop()).toBe(0);

  const taken = await freePort();
  const server = createServer().listen(taken, '127.0.0.1');
  squatters.push(server);
  await once(server, 'listening');
  const asked = run({
    dataDir,
    usualPorts: true,
    flags: ['--servers-only'],
    env: { PG_PORT: String(taken) },
  });
  expect(await asked.exited).toBe(1);
  expect(asked.output).toContain(`port ${taken} (PG_PORT) is taken`);
});
