import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli, startCli } from '../support/cli';
import { freePort } from '../support/free-port';
import { bodyOf, json, receipt, startStandIn, state, type StandIn } from '../support/import-stand-in';
import { poll } from '../support/poll';
import { fixturePath, fixtureText } from '../support/source-entries';

const POST = 'POST /v1/imports';
const SHOW = 'GET /v1/imports/imp-1';
const REJECTIONS = 'GET /v1/imports/imp-1/rejections';
const DEADLINE_MS = 20_000;
const MIB = 1024 * 1024;
const MESSAGES = fixturePath('messages.ndjson');

let server: StandIn | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const importArgs = (file: string, ...more: string[]): string[] => [
  'import',
  file,
  '--url',
  server!.url,
  ...more,
];
const line = (n: number): string =>
  `${JSON.stringify({ user_id: 'ada', conversation_id: 'c', role: 'user', content: `${n} `.repeat(200) })}\n`;

test('the server’s line numbers are the file’s where each message has a line', async () => {
  let body = '';
  server = await startStandIn({
    [POST]: async (request, response) => {
      body = await bodyOf(request);
      json(response, receipt({ accepted: 2, rejected: 1 }), 202);
    },
    [REJECTIONS]: (_, response) =>
      void response.end('{"line":7,"reason":"message_id: known with other content"}\n'),
  });
  const run = await runCli(importArgs(MESSAGES, '--detach', '--json'));
  const sent = body.split('\n');
  const inFile = fixtureText('messages.ndjson').split('\r\n');
  for (const place of [0, 2, 6]) expect(JSON.parse(sent[place]!)).toEqual(JSON.parse(inFile[place]!));
  expect([1, 3, 4, 5, 7].map((place) => sent[place])).toEqual(['', '', '', '', '']);
  expect(run.code).toBe(1);
  expect(JSON.parse(run.stdout)).toMatchObject({
    import_id: 'imp-1',
    messages_sent: 3,
    problem_count: 4,
    problems: [
      { line: 4, from: 'file', reason: expect.stringContaining('not JSON') },
      { line: 5, from: 'file' },
      { line: 6, from: 'file' },
      { line: 7, from: 'server', message_id: 'g3', reason: 'message_id: known with other content' },
    ],
  });
});

test('a refused message of an export is found again in it', async () => {
  server = await startStandIn({
    [POST]: async (request, response) => {
      await bodyOf(request);
      json(response, receipt({ rejected: 1 }), 202);
    },
    [REJECTIONS]: (_, response) => void response.end('{"line":3,"reason":"content: too long"}\n'),
    [SHOW]: (_, response) => json(response, state('completed_with_errors', { rejected: 1 })),
  });
  const run = await runCli(importArgs(fixturePath('chatgpt-conversations.json'), '--user', 'ada'));
  expect(run.stdout).toContain(
    'line 1 (conversation 6638d0a0-1111-4aaa-8bbb-000000000001, message u2): content: too long',
  );
  expect(run.stdout).toContain('1 × a part that is no text (image_asset_pointer)');
  expect(run.code).toBe(1);
});

test('a pipe with a name is read once: the lines keep the server’s numbers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-pipe-'));
  try {
    server = await startStandIn({
      [POST]: async (request, response) => {
        await bodyOf(request);
        json(response, receipt({ accepted: 1, rejected: 1 }), 202);
      },
      [REJECTIONS]: (_, response) => void response.end('{"line":2,"reason":"content: too long"}\n'),
    });
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const [run] = await Promise.all([
      runCli(importArgs(pipe, '--detach', '--json')),
      writeFile(pipe, line(1) + line(2)),
    ]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      problems: [{ line: 2, from: 'server', reason: 'content: too long' }],
    });
    expect(run.code).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('--dry-run says what would be imported and what would not, and sends nothing', async () => {
  server = await startStandIn({});
  const run = await runCli(importArgs(fixturePath('chat-log.csv'), '--user', 'ada', '--dry-run'));
  expect(run.stdout).toMatch(/chat-log\.csv: a dry run, nothing was sent/);
  expect(run.stdout).toMatch(/format +csv\n +conversations +2\n +messages +4\n +speakers +Grace 2, /);
  expect(run.stdout).toMatch(/first +2024-05-08T10:00:00\.000Z\n +last +2024-05-09T09:00:00\.000Z/);
  expect(run.stdout).toMatch(/\n2 problems:\n {2}line 6: the time .*\n {2}line 7: the row has no text$/m);
  expect(run.stderr).toMatch(/^reading: /);
  expect(run.code).toBe(1);
  expect(server.requests).toEqual([]);
});

test('of many imports the newest are listed, and that there are older ones', async () => {
  const imports = [state('running'), state('paused')];
  server = await startStandIn({
    'GET /v1/imports?limit=2': (_, response) => json(response, { imports, next_cursor: 'more' }),
    'GET /v1/imports?limit=50': (_, response) => json(response, { imports, next_cursor: null }),
  });
  const some = await runCli(['imports', 'list', '--limit', '2', '--url', server.url]);
  expect(some.stdout).toContain(`There are older ones: npx agentic-memories imports list --limit N --url`);
  const all = await runCli(['imports', 'list', '--url', server.url]);
  expect(all.stdout).not.toContain('older');
  const scripted = await runCli(['imports', 'list', '--limit', '2', '--json', '--url', server.url]);
  expect(JSON.parse(scripted.stdout)).toHaveLength(2);
});

test('a server that does not read is not drowned, nor is the memory filled', async () => {
  let takeOn: () => void = () => undefined;
  // Made before anybody asks for it: on a busy machine the pipe is full before the command has begun.
  const taking = new Promise<void>((resolve) => (takeOn = resolve));
  let received = 0;
  server = await startStandIn({
    [POST]: async (request, response) => {
      await taking;
      for await (const chunk of request) received += (chunk as Buffer).length;
      json(response, receipt(), 202);
    },
  });
  const { child, ended } = startCli(importArgs('-', '--format', 'ndjson', '--detach'));
  let written = 0;
  let isHeldBack = false;
  for (let n = 0; !isHeldBack && written < 200 * MIB; n += 1) {
    const text = line(n).repeat(100);
    written += text.length;
    if (child.stdin?.write(text)) continue;
    const drained = new Promise<boolean>((resolve) => child.stdin?.once('drain', () => resolve(true)));
    isHeldBack = !(await Promise.race([drained, sleep(2_000, false)]));
  }
  expect(isHeldBack).toBe(true);
  expect(written).toBeLessThan(32 * MIB);
  takeOn();
  child.stdin?.end();
  const run = await ended;
  expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
  expect(received).toBe(written);
});

test('a connection that is cut: what to do, exit 3', async () => {
  server = await startStandIn({
    [POST]: (request) => void request.once('data', () => request.socket.destroy()),
  });
  const run = await runCli(importArgs('-', '--format', 'ndjson'), line(1).repeat(5_000));
  expect(run.stderr).toMatch(/out of reach.*\n.*\nWhat arrived is kept: the same command again completes/);
  expect(run.code).toBe(3);
});

test.each([
  [
    'a key is wanted',
    401,
    { title: 'Unauthorized', detail: 'give a key', status: 401 },
    1,
    /AGENTIC_MEMORIES_API_KEY/,
  ],
  [
    'a defect',
    500,
    { title: 'Internal error', detail: 'look at the log', status: 500 },
    1,
    /the server’s log/,
  ],
  [
    'for a while not',
    503,
    { title: 'Unavailable', detail: 'Postgres is away', status: 503 },
    3,
    /run the same command again/,
  ],
  ['another program', 200, '<html>', 3, /does not speak this API/],
])('%s', async (_, status, body, code, words) => {
  server = await startStandIn({ [POST]: (__, response) => json(response, body, status) });
  const run = await runCli(importArgs('-', '--format', 'ndjson'), line(1).repeat(5_000));
  expect(run.stderr).toMatch(words);
  expect(run.code).toBe(code);
});

test('nobody there: exit 3', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const run = await runCli(['import', MESSAGES, '--url', url]);
  expect(run.stderr).toContain(`the server at ${url} is out of reach: connect ECONNREFUSED`);
  expect(run.stderr).toContain('npm start');
  expect(run.code).toBe(3);
});

test.each([
  ['no file', ['import']],
  ['an unknown format', ['import', MESSAGES, '--format', 'xml']],
  ['an unknown option', ['import', MESSAGES, '--quick']],
  ['an unknown command', ['imports', 'explode']],
  ['an address that is none', ['import', MESSAGES, '--url', 'localhost:8080']],
  ['a limit that is none', ['imports', 'list', '--limit', 'all']],
  ['an offset that is none', ['import', MESSAGES, '--utc-offset', 'CET']],
  ['a file that is not there', ['import', '/nowhere/nothing.json']],
  ['no user', ['import', fixturePath('claude-conversations.json')]],
  ['no text column', ['import', '-', '--format', 'csv', '--user', 'ada']],
])('wrong usage is told before anything is sent: %s', async (_, args) => {
  server = await startStandIn({});
  const run = await runCli(args, 'a,b\n1,2\n', { AGENTIC_MEMORIES_URL: server.url });
  expect(run.stderr).toMatch(/^error: /);
  expect(run.code).toBe(2);
  expect(server.requests).toEqual([]);
});

test('--on-error abort ends at the first problem of the file', async () => {
  let body = '';
  server = await startStandIn({
    [`${POST}?on_error=abort`]: async (request, response) => {
      body = await bodyOf(request);
      json(response, receipt({ accepted: 2 }), 202);
    },
  });
  const run = await runCli(importArgs(MESSAGES, '--on-error', 'abort', '--detach'));
  expect(body.trim().split(/\n+/)).toHaveLength(2);
  expect(run.stdout).toContain('Ended by --on-error abort at line 4');
  expect(run.code).toBe(1);
});

test('Ctrl-C while sending: what arrived is kept, and the server is heard out', async () => {
  let received = '';
  server = await startStandIn({
    [POST]: async (request, response) => {
      for await (const chunk of request) received += String(chunk);
      json(response, receipt({ accepted: 1 }), 202);
    },
  });
  const { child, ended } = startCli(importArgs('-', '--format', 'ndjson'));
  const feeding = setInterval(() => child.stdin?.write(line(1).repeat(100)), 20);
  try {
    await poll('messages arrive', DEADLINE_MS, () => Promise.resolve(received.length > 0));
    child.kill('SIGINT');
    const run = await ended;
    expect(run.stdout).toMatch(
      /Interrupted at line [\d,]+\. What arrived is kept: the same command again completes/,
    );
    expect(run.stdout).toContain(`imports show imp-1 --follow --url ${server.url}`);
    expect(run.code).toBe(130);
    // Whole lines only.
    expect(received.endsWith('\n')).toBe(true);
  } finally {
    clearInterval(feeding);
  }
});

test('Ctrl-C while following: it goes on, and how to come back', async () => {
  server = await startStandIn({
    [POST]: async (request, response) => {
      await bodyOf(request);
      json(response, receipt({ accepted: 3 }), 202);
    },
    [SHOW]: (_, response) =>
      json(response, {
        ...state('running', { accepted: 3, indexed: 1, pending: 2 }),
        waiting_for: 'embedder',
      }),
  });
  const { child, ended, output } = startCli(importArgs(MESSAGES, '--user', 'ada'));
  await poll('it follows', DEADLINE_MS, () =>
    Promise.resolve(output().includes('1 of 3 messages searchable')),
  );
  expect(output()).toContain('waiting for embedder');
  child.kill('SIGINT');
  const run = await ended;
  expect(run.stdout).toContain('goes on in the background');
  expect(run.stdout).toContain(`npx agentic-memories imports show imp-1 --follow --url ${server.url}`);
  expect(run.code).toBe(130);
});

test('following outlasts a server that is away for a moment', async () => {
  let asked = 0;
  server = await startStandIn({
    [POST]: async (request, response) => {
      await bodyOf(request);
      json(response, receipt({ accepted: 1 }), 202);
    },
    [SHOW]: (request, response) => {
      asked += 1;
      if (asked === 1) return void request.socket.destroy();
      if (asked === 2)
        return json(response, { title: 'Unavailable', detail: 'Postgres is away', status: 503 }, 503);
      json(response, state('completed', { accepted: 1, indexed: 1 }));
    },
  });
  const run = await runCli(importArgs('-', '--format', 'ndjson'), line(1));
  expect(run.stdout).toContain('import imp-1 completed');
  expect(run.code).toBe(0);
  expect(asked).toBe(3);
});
