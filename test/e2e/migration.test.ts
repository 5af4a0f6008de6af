import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MemoryClient } from 'mem0ai';
import * as sdk from '../../src/client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const PAGE = readFileSync(path.resolve(__dirname, '../../docs/migration.md'), 'utf8');
const DEADLINE_MS = 30_000;

type Program = new (...args: string[]) => (...values: unknown[]) => Promise<void>;
const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as Program;

let stack: Stack;
let client: sdk.MemoryClient;
let Mem0Client: typeof MemoryClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  client = new sdk.MemoryClient({ baseUrl: stack.url });
  process.env['MEM0_TELEMETRY'] = 'false';
  ({ MemoryClient: Mem0Client } = await import('mem0ai'));
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

/** The section's lines from its heading to the next. */
function section(heading: string): string {
  const from = PAGE.indexOf(`## ${heading}\n`);
  expect(from).toBeGreaterThan(0);
  return PAGE.slice(from, PAGE.indexOf('\n## ', from + 1) >>> 0);
}

/** Runs the page's program that holds `mark`, for this user and on this test's server, with what it imports given. */
async function run(mark: string, userId: string, given: Record<string, unknown>): Promise<void> {
  const programs = [...PAGE.matchAll(/```js\n([^]*?)```/g)].map((match) => match[1]!);
  const [program, ...others] = programs.filter((one) => one.includes(mark));
  expect([program === undefined, others]).toEqual([false, []]);
  const code = program!
    .replace(/^import .*\n/gm, '')
    .replaceAll('http://localhost:8080', stack.url)
    .replaceAll("'ada'", JSON.stringify(userId));
  await new AsyncFunction(...Object.keys(given), code)(...Object.values(given));
}

const newUser = (): string => `user-${randomUUID()}`;
const quiet = { log: () => undefined };

it('mem0’s client, pointed here', async () => {
  const userId = newUser();
  await run("apiKey: 'any", userId, { MemoryClient: Mem0Client });
  const { results } = await client.retrieve({ user_id: userId, query: 'What am I allergic to?' });
  expect(results[0]!.content).toBe('I am allergic to peanuts.');
});

it('takes along what mem0 holds', async () => {
  const userId = newUser();
  // mem0's client does not care who answers: another user of this server stands for its cloud.
  const there = new Mem0Client({ apiKey: 'any', host: stack.url });
  const source = `${userId}-there`;
  for (const content of ['I am allergic to peanuts.', 'My sister Lin lives in Oslo.'])
    await there.add([{ role: 'user', content }], { userId: source, timestamp: 1_715_162_400 });
  class Elsewhere extends Mem0Client {
    constructor() {
      super({ apiKey: 'any', host: stack.url });
    }

    override getAll(options: { page?: number; pageSize?: number }): ReturnType<typeof there.getAll> {
      return super.getAll({ ...options, filters: { user_id: source } });
    }
  }
  await run('Mem0Client', userId, { Mem0Client: Elsewhere, MemoryClient: sdk.MemoryClient });
  const { results } = await client.retrieve({ user_id: userId, limit: 10 });
  expect(results.map((one) => one.content).sort()).toEqual([
    'I am allergic to peanuts.',
    'My sister Lin lives in Oslo.',
  ]);
  expect(results[0]).toMatchObject({
    created_at: '2024-05-08T10:00:00.000Z',
    metadata: { mem0_id: expect.any(String) },
  });
});

it('takes along what Zep holds, once', async () => {
  const userId = newUser();
  /** What of Zep's client the page calls, in the shapes of its types. */
  class ZepClient {
    readonly user = { getThreads: async () => [{ threadId: 'thread-1' }, { threadId: 'thread-2' }] };
    readonly thread = {
      get: async (threadId: string, { limit, lastn }: { limit?: number; lastn?: number }) => {
        const all = [
          { uuid: `${threadId}-a`, role: 'user', name: 'Ada', content: `Hello ${threadId}` },
          { uuid: `${threadId}-b`, role: 'assistant', content: 'Hello Ada' },
          { uuid: `${threadId}-c`, role: 'function', content: '{"ok":true}' },
        ].map((one) => ({ ...one, createdAt: '2024-05-01T12:00:00Z' }));
        return { totalCount: all.length, messages: lastn ? all.slice(-lastn) : all.slice(0, limit) };
      },
    };
  }
  const given = { ZepClient, MemoryClient: sdk.MemoryClient, console: quiet };
  for (const _ of ['once', 'again']) await run('ZepClient', userId, given);
  for (const id of ['thread-1', 'thread-2']) {
    const conversation = await poll('it is indexed', DEADLINE_MS, async () => {
      const seen = await client.conversation({ user_id: userId, conversation_id: id });
      return seen.pending === 0 && seen;
    });
    expect(conversation).toMatchObject({ appended_through: 3, failed: [] });
  }
  const lines = [];
  for await (const line of client.users.export(userId)) if (line.type === 'message') lines.push(line);
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatchObject({
    role: 'user',
    name: 'Ada',
    content: 'Hello thread-1',
    message_id: 'thread-1-a',
    timestamp: '2024-05-01T12:00:00.000Z',
  });
});

it('names only calls that there are', () => {
  const callable = { ...sdk, ...instance(client), ...orchestrator() } as Record<string, unknown>;
  const missing = [];
  for (const heading of ["From the guide's Python orchestrator", 'From mem0', 'From Zep']) {
    const rows = section(heading).matchAll(/^\|[^|]+\|([^|]+)\|$/gm);
    const named = [...rows].flatMap(([, here]) => [
      ...here!.matchAll(/(?:new )?([A-Za-z]+(?:\.[a-z]+)*)\(|`((?:memories|users|imports)\.[a-z]+)`/g),
    ]);
    expect(named.length).toBeGreaterThan(3);
    for (const [, call, bare] of named) if (!exists(callable, (call ?? bare)!)) missing.push(call ?? bare);
  }
  expect(missing).toEqual([]);
  const mem0s = /^`add`.* are there\./m.exec(PAGE)![0];
  for (const [, name] of mem0s.matchAll(/`([a-zA-Z]+)`/g))
    expect([name, typeof Mem0Client.prototype[name as 'add']]).toEqual([name, 'function']);
});

/** An object's own values and the methods of its class. */
function instance(value: object): object {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(value)).map((name) => [
    name,
    (value as Record<string, unknown>)[name],
  ]);
  return { ...value, ...Object.fromEntries(methods) };
}

function orchestrator(): object {
  return { ...instance(new sdk.AdaptiveMemoryOrchestrator()), ...instance(new sdk.ChatRuntimeBridge()) };
}

function exists(callable: Record<string, unknown>, dotted: string): boolean {
  const found = dotted
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], callable);
  return typeof found === 'function';
}
