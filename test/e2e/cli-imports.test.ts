import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { apiClient, type ApiClient } from '../support/api-client';
import { runCli, startCli, type CliRun } from '../support/cli';
import { poll } from '../support/poll';
import { fixturePath, fixtureText } from '../support/source-entries';
import { startStack, type Stack } from '../support/stack';

const DEADLINE_MS = 60_000;
let stack: Stack;
let api: ApiClient;

beforeAll(async () => {
  stack = await startStack();
  api = apiClient(stack.url);
}, 120_000);
afterAll(() => stack?.stop());

interface Printed {
  import_id: string;
  status: string | null;
  messages_sent: number;
  problem_count: number;
  problems: Array<{ line: number; reason: string; from: string; message_id?: string }>;
  totals: Record<string, number>;
}

const cli = (args: string[], input?: string | Buffer): Promise<CliRun> =>
  runCli(args, input, { AGENTIC_MEMORIES_URL: stack.url });
const printed = (run: CliRun): Printed => {
  expect(run).toMatchObject({ stdout: expect.stringMatching(/^\{/) });
  return JSON.parse(run.stdout) as Printed;
};
const newUser = (): string => `user-${randomUUID()}`;

async function turnsOf(user: string): Promise<Array<{ conversation: string; day: string; content: string }>> {
  const answer = await api.get(`/v1/retrieve?user_id=${user}&limit=1000&sort=oldest`);
  expect(answer.status).toBe(200);
  return answer.body.results.map(
    (item: { metadata: { conversation_id: string }; created_at: string; content: string }) => ({
      conversation: item.metadata.conversation_id,
      day: item.created_at.slice(0, 10),
      content: item.content,
    }),
  );
}

test.each([
  {
    file: 'chatgpt-conversations.json',
    messages: 7,
    problems: 0,
    conversations: { '6638d0a0-1111-4aaa-8bbb-000000000001': '2024-05-08', 'old-1': '2023-03-28' },
    says: 'Grünerløkka',
    never: 'regenerated',
  },
  {
    file: 'claude-conversations.json',
    messages: 6,
    problems: 0,
    conversations: {
      'c1a0de00-0000-4000-8000-000000000001': '2024-06-01',
      'c1a0de00-0000-4000-8000-000000000003': '2025-06-03',
    },
    says: 'Brünnhilde',
    never: 'On cliffs',
  },
  {
    file: 'chat-log.csv',
    messages: 4,
    problems: 2,
    conversations: { lunch: '2024-05-08', work: '2024-05-09' },
    says: 'the "new" one',
    never: 'no offset here',
  },
])('$file: imported with its dates, then again: all duplicates', async (expected) => {
  const user = newUser();
  const args = ['import', fixturePath(expected.file), '--user', user, '--json'];
  const first = await cli(args);
  expect(first.code).toBe(expected.problems === 0 ? 0 : 1);
  expect(printed(first)).toMatchObject({
    status: 'completed',
    messages_sent: expected.messages,
    problem_count: expected.problems,
    totals: {
      accepted: expected.messages,
      duplicates: 0,
      rejected: 0,
      indexed: expected.messages,
      pending: 0,
    },
  });
  const turns = await turnsOf(user);
  expect(Object.fromEntries(turns.map((turn) => [turn.conversation, turn.day]))).toEqual(
    expected.conversations,
  );
  const text = turns.map((turn) => turn.content).join('\n');
  expect(text).toContain(expected.says);
  expect(text).not.toContain(expected.never);
  const conversations = await api.get(`/v1/users/${user}/conversations`);
  expect(conversations.body.conversations).toHaveLength(2);

  const again = await cli(args);
  expect(printed(again)).toMatchObject({
    status: 'completed',
    totals: { accepted: 0, duplicates: expected.messages, rejected: 0 },
  });
  expect(await turnsOf(user)).toEqual(turns);
});

test('NDJSON and transcripts, with the users that they name, packed, from standard input', async () => {
  const [ada, grace] = [newUser(), newUser()];
  const messages = fixtureText('messages.ndjson').replaceAll('"ada"', JSON.stringify(ada));
  const transcripts = fixtureText('transcripts.ndjson').replaceAll('"grace"', JSON.stringify(grace));
  for (const [text, accepted, user] of [
    [messages, 4, ada],
    [transcripts, 4, grace],
  ] as const) {
    const args = ['import', '-', '--user', user, '--json'];
    const first = await cli(args, gzipSync(text));
    expect(first.code).toBe(1);
    expect(printed(first)).toMatchObject({ problem_count: 2, totals: { accepted, indexed: accepted } });
    expect(printed(await cli(args, text))).toMatchObject({ totals: { accepted: 0, duplicates: accepted } });
  }
  const turns = await turnsOf(grace);
  expect(new Set(turns.map((turn) => turn.conversation))).toEqual(new Set(['compiler', 'moth', grace]));
});

test('what the server refuses is told with the file’s line and the message; the rest is imported', async () => {
  const user = newUser();
  const line = (id: string, content: string, more: object = {}): string =>
    JSON.stringify({ user_id: user, conversation_id: 'c', role: 'user', content, message_id: id, ...more });
  const text = [
    line('a', 'The kettle is blue.'),
    'not json',
    line('b', 'x'.repeat(40_000)),
    line('c', 'No offset.', { timestamp: '2024-05-08T10:00:00' }),
    line('a', 'The kettle is red.'),
    line('d', 'The toaster is green.'),
  ].join('\n');
  const run = await cli(['import', '-', '--json'], text);
  expect(run.code).toBe(1);
  const { problems, totals, import_id: id } = printed(run);
  expect(problems.map((problem) => [problem.line, problem.from])).toEqual([
    [2, 'file'],
    [3, 'server'],
    [4, 'server'],
    [5, 'server'],
  ]);
  expect(totals).toMatchObject({ accepted: 2, rejected: 3 });
  const dry = await cli(['import', '-', '--dry-run', '--json'], text);
  expect(dry.code).toBe(1);
  // Without the record it cannot know that an id is used twice.
  expect(JSON.parse(dry.stdout)).toMatchObject({ messages: 3, problem_count: 3 });
  const rejections = await cli(['imports', 'rejections', id]);
  expect(rejections.stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^line 3: content: must have at most/),
    expect.stringMatching(/^line 4: timestamp: must be an RFC 3339 time/),
    expect.stringMatching(/^line 5: /),
  ]);

  const aborted = await cli(['import', '-', '--on-error', 'abort'], text.replace('not json\n', ''));
  expect(aborted.stderr).toMatch(/Line 2 was rejected[\s\S]*content: must have at most/);
  expect(aborted.code).toBe(1);
});

test('pause, list, show, resume and cancel', async () => {
  const user = newUser();
  const text = Array.from({ length: 600 }, (_, n) =>
    JSON.stringify({
      user_id: user,
      conversation_id: `c${n % 30}`,
      role: 'user',
      content: `Fact ${n} of many.`,
    }),
  ).join('\n');
  const detached = await cli(['import', '-', '--detach', '--json'], text);
  expect(detached.code).toBe(0);
  const { import_id: id } = printed(detached);
  expect((await cli(['imports', 'pause', id])).code).toBe(0);
  const paused = await cli(['imports', 'show', id]);
  const list = await cli(['imports', 'list']);
  expect(list.stdout).toContain(id);
  // Where it was quicker than we are there is nothing left to pause.
  if (paused.stdout.includes('paused')) {
    expect(paused.stdout).toContain(`imports resume ${id}`);
    expect((await cli(['imports', 'resume', id, '--json'])).code).toBe(0);
  }
  const followed = await cli(['imports', 'show', id, '--follow', '--json']);
  expect(followed.code).toBe(0);
  expect(JSON.parse(followed.stdout)).toMatchObject({
    status: 'completed',
    totals: { indexed: 600, pending: 0 },
  });
  const many = text
    .replaceAll('of many', `again, ${'and again '.repeat(40)}`)
    .replaceAll('"conversation_id":"c', '"conversation_id":"d');
  const { import_id: other } = printed(await cli(['import', '-', '--detach', '--json'], many));
  const cancelled = await cli(['imports', 'cancel', other]);
  expect({ code: cancelled.code, stdout: cancelled.stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`import ${other}: cancelled`),
  });
  const watched = await cli(['imports', 'show', other, '--follow', '--json']);
  expect(watched.code).toBe(1);
  const { totals } = JSON.parse(watched.stdout) as { totals: Record<string, number> };
  expect(totals['failed']).toBeGreaterThan(0);
  expect(totals['indexed']! + totals['failed']! + totals['pending']!).toBe(600);
  const unknown = await cli(['imports', 'cancel', randomUUID()]);
  expect(unknown.stderr).toMatch(/404[\s\S]*imports list/);
  expect(unknown.code).toBe(1);
});

test('Ctrl-C while sending, then the same command: every message once', async () => {
  const user = newUser();
  const lines = Array.from(
    { length: 3_000 },
    (_, n) =>
      `${JSON.stringify({ user_id: user, conversation_id: `c${n % 100}`, role: 'user', content: `Note ${n}.` })}\n`,
  );
  const { child, ended } = startCli(['import', '-', '--json'], { AGENTIC_MEMORIES_URL: stack.url });
  child.stdin?.write(lines.slice(0, 2_000).join(''));
  await poll('some has arrived', DEADLINE_MS, async () => {
    const { body } = await api.get('/v1/imports?limit=1');
    return body.imports[0]?.status === 'receiving' && body.imports[0].totals.accepted > 0;
  });
  child.kill('SIGINT');
  const cut = await ended;
  expect(cut.code).toBe(130);
  const { accepted } = JSON.parse(cut.stdout) as { accepted: number };
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(3_000);
  const again = await cli(['import', '-', '--json'], lines.join(''));
  expect(printed(again)).toMatchObject({
    status: 'completed',
    totals: { accepted: 3_000 - accepted, duplicates: accepted, rejected: 0 },
  });
}, 180_000);
