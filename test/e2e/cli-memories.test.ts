import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { apiClient } from '../support/api-client';
import { runCli, startCli } from '../support/cli';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { items } from '../support/shapes';
import { startStack, type Stack } from '../support/stack';

const DEADLINE_MS = 20_000;
const user = `cli-${randomUUID().slice(0, 8)}`;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const cli = (args: string[], input = '') => runCli([...args, '--url', stack.url], input);

it('stores a text, and one from standard input', async () => {
  const first = await cli(['store', '--user', user, 'My', 'sister', 'Lin', 'moved', 'to', 'Oslo.']);
  expect(first).toEqual({
    code: 0,
    stdout: `Stored in conversation ${user}: 1 new memory.\n`,
    stderr: '',
  });
  const args = ['store', '--user', user, '--conversation', 'notes', '--role', 'assistant', '--json', '-'];
  const second = await cli(args, 'Lin likes\nfjords.\n');
  expect(JSON.parse(second.stdout)).toMatchObject({
    memories_created: 1,
    conversation_id: 'notes',
    memories: [{ content: 'Lin likes\nfjords.' }],
  });
  expect(await cli(['store', '--user', user, '-'], ' \n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('nothing to store'),
  });
});

it('searches: a table for people, JSON for scripts', async () => {
  const { code, stdout } = await cli(['search', '--user', user, 'Where does my sister Lin live?']);
  expect(code).toBe(0);
  const [header, best] = stdout.split('\n');
  expect(header).toMatch(/^SCORE {2}RELEVANCE {2}SAID +MEMORY +CONTENT$/);
  expect(best).toMatch(
    /^ *0\.\d\d +[01]\.\d\d {2}\d{4}-\d\d-\d\d {2}[0-9a-f-]{36} {2}My sister Lin moved to Oslo\.$/,
  );
  const limited = await cli(['search', '--user', user, '--limit', '1', 'Lin']);
  expect(limited.stdout).toMatch(/\n\n1 of 2 memories\.\n$/);
  const json = await cli(['search', '--user', user, '--json', 'fjords']);
  expect(items(JSON.parse(json.stdout).results)[0]!.content).toBe('Lin likes\nfjords.');
  expect((await cli(['search', '--user', 'nobody', 'x'])).stdout).toBe('Nothing is remembered of nobody.\n');
  expect((await cli(['search', '--user', user, '--persona', 'astronaut', 'Lin'])).stdout).toBe(
    `Nothing is remembered of ${user} as astronaut.\n`,
  );
});

it('prints a context block', async () => {
  const { stdout } = await cli(['context', '--user', user, 'Where does my sister Lin live?']);
  expect(stdout).toContain('My sister Lin moved to Oslo.');
  const json = await cli(['context', '--user', user, '--max-tokens', '200', '--json', 'sister Lin']);
  expect(JSON.parse(json.stdout)).toMatchObject({ tokens: expect.any(Number), sources: expect.any(Array) });
  const tight = await cli(['context', '--user', user, '--max-tokens', '2', 'Where does my sister Lin live?']);
  expect(tight.stdout).toBe(`Nothing is remembered of ${user} for this that fits 2 tokens.\n`);
});

it('chats: shows what a line brings up, and what others bring up in the conversation', async () => {
  const chat = startCli(['chat', '--user', user, '--conversation', 'evening', '--url', stack.url]);
  chat.child.stdin!.write('Where does my sister Lin live?\n');
  await poll('it is remembered', DEADLINE_MS, async () =>
    /remembered \(0\.\d\d|1\.00\): My sister Lin moved to Oslo\./.test(chat.output()),
  );
  await apiClient(stack.url).post('/v1/orchestrator/message', {
    conversation_id: 'evening',
    role: 'user',
    content: 'What does Lin like: fjords?',
    metadata: { user_id: user },
  });
  await poll('the other is shown too', DEADLINE_MS, async () => chat.output().includes('Lin likes fjords.'));
  chat.child.stdin!.end();
  expect((await chat.ended).code).toBe(0);
  const json = await cli(
    ['chat', '--user', user, '--conversation', 'night', '--json'],
    'Where does my sister Lin live?\n\n',
  );
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const told = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(told).toContainEqual(
    expect.objectContaining({
      conversation_id: 'night',
      content: 'My sister Lin moved to Oslo.',
      memory_id: expect.any(String),
    }),
  );
});

it('chats: says what was lost when the server does not come back', async () => {
  const args = ['chat', '--user', user, '--url', `http://127.0.0.1:${await freePort()}`];
  const { code, stderr } = await runCli(args, 'Remember me.\n');
  expect(stderr).toMatch(
    /the server is away[^]*error: .*did not come back: 1 line could not be sent.*\nIs it/,
  );
  expect(code).toBe(3);
});

it('lists a user’s conversations and says how the server is', async () => {
  const { stdout } = await cli(['users', user]);
  expect(stdout).toMatch(/^CONVERSATION +MESSAGES +SEARCHABLE +BEGAN +LAST \(UTC\)$/m);
  expect(stdout).toMatch(/^notes +1 +1 {2}\d{4}-\d\d-\d\d/m);
  const listed = JSON.parse((await cli(['users', user, '--limit', '1', '--json'])).stdout);
  expect(listed).toHaveLength(1);
  expect((await cli(['users', 'nobody'])).stdout).toBe('nobody has no conversations.\n');
  const status = await cli(['status']);
  expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/: ok\n\n {2}postgres +ok\n/) });
  expect(JSON.parse((await cli(['status', '--json'])).stdout).checks.embedder.status).toBe('off');
});

it('does not erase unasked', async () => {
  expect(await cli(['erase', user])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  const file = '/no/such/folder/export.ndjson';
  expect(await cli(['export', user, '--output', file])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${file} cannot be written`),
  });
});

it('writes an export whole or not at all', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-export-'));
  const file = path.join(folder, 'export.ndjson');
  try {
    const away = ['export', user, '--output', file, '--url', 'http://127.0.0.1:9'];
    expect(await runCli(away)).toMatchObject({ code: 3, stderr: expect.stringContaining('out of reach') });
    expect(await cli(['export', 'nobody', '--output', file])).toMatchObject({
      code: 0,
      stderr: 'Nothing is stored of nobody.\n',
    });
    expect(readdirSync(folder)).toEqual([]);
    const written = await cli(['export', user, '--output', file]);
    expect(written).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/\d+ records of cli-.* written/),
    });
    expect(readFileSync(file, 'utf8')).toContain('My sister Lin moved to Oslo.');
    expect(await cli(['export', user, '--output', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there already'),
    });
    // Its own import knows it, and that all of it is there.
    const imported = await cli(['import', file, '--json']);
    expect(imported.code).toBe(0);
    const { accepted, duplicates, problem_count, notes } = JSON.parse(imported.stdout);
    expect({ accepted, problem_count }).toEqual({ accepted: 0, problem_count: 0 });
    expect(duplicates).toBeGreaterThan(3);
    expect(notes.map((one: { note: string }) => one.note)).toContainEqual(expect.stringContaining('policy'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('tells what is no memory server', async () => {
  const page = createServer((_, response) => response.end('<!doctype html><title>Shop</title>'));
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  try {
    for (const command of [['store', '--user', 'u', 'x'], ['users', 'u'], ['export', 'u'], ['status']])
      expect(await runCli([...command, '--url', url])).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/^error: what answers at .* does not speak this API\nIs --url right\?/),
      });
  } finally {
    page.closeAllConnections();
    page.close();
  }
});

it.each([
  [['search', '--user', 'x'.repeat(201), 'q'], 1, /says 422: .*user_id: must have 1 to 200 [^:]*$/],
  [['search', 'q'], 2, /required option '--user <id>'/],
  [['search', '--user', 'u', '--limit', 'ten', 'q'], 2, /whole number above 0/],
])('%j says what is wrong', async (args, code, message) => {
  const run = await cli(args);
  expect(run.code).toBe(code);
  expect(run.stderr).toMatch(message);
});

it('takes the address of the API alone', async () => {
  expect(await runCli(['status', '--url', `${stack.url}/v1/`])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the API without /v1'),
  });
  expect(await runCli(['status', '--url', `${stack.url}/elsewhere`])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/says 404[^]*Is --url right\?/),
  });
});

it('says when no server is there', async () => {
  for (const command of [['search', '--user', 'u', 'q'], ['users', 'u'], ['status']]) {
    const run = await runCli([...command, '--url', 'http://127.0.0.1:9']);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringMatching(/out of reach.*\nIs it running/) });
  }
});

it('has help that a newcomer understands', async () => {
  const { stdout } = await runCli(['--help']);
  for (const command of [
    'store',
    'search',
    'context',
    'chat',
    'status',
    'users',
    'export',
    'erase',
    'import',
  ])
    expect(stdout).toMatch(new RegExp(`^ +${command} .*[a-z]{3}`, 'm'));
  expect(stdout).toMatch(/First steps[^]*agentic-memories store --user ada[^]*Exit codes: 0 done/);
  const help = (await cli(['search', '--help'])).stdout;
  expect(help).toMatch(/Example:\n {2}npx agentic-memories search --user ada/);
  expect(help).toMatch(/Options:\n +--user <id>[^]*--limit[^]*--url[^]*--json[^]*--help/);
  // What goes without saying would hide the defaults that matter.
  expect(help).not.toContain('default: false');
  expect(help).toContain('default: 10');
  expect((await runCli(['export', '--help'])).stdout).not.toContain('--json');
});

it('says its version', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});
