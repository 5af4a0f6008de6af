import { execFile } from 'node:child_process';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { startStack, type Stack } from '../support/stack';

const MAIN = path.resolve(__dirname, '../../scripts/example.mjs');
const DEADLINE_MS = 60_000;
const KEY = 'am_examples';

let stack: Stack;
/** Lets nobody through without the key. */
const gate = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  if (headers.authorization !== `Bearer ${KEY}`) {
    outgoing.writeHead(401).end();
    return;
  }
  const onwards = forward(stack.url + url!, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  onwards.once('error', () => outgoing.destroy());
  outgoing.once('close', () => onwards.destroy());
  incoming.pipe(onwards);
});
let gateUrl: string;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  gateUrl = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
}, 120_000);
afterAll(async () => {
  gate.closeAllConnections();
  gate.close();
  await stack?.stop();
}, 60_000);

async function example(name: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, name], {
    env: { ...process.env, LLM_URL: '', MEMORY_API_URL: gateUrl, MEMORY_API_KEY: KEY, ...env },
    timeout: DEADLINE_MS,
  });
  return stdout + stderr;
}

const EXAMPLES: [name: string, expected: RegExp][] = [
  ['simple', /Which shares.*\nbot: {2}I remember: I bought ten shares of ACME in May\./],
  ['persona-aware', /bot: {2}\[finance\] I remember: .*I invest 200 euros in index funds/],
  ['multi-persona', /bot: {2}I remember: .*My project deadline is on Friday\./],
  ['financial-advisor', /bot: {2}I remember: .*I bought 40 shares of ACME at 25 dollars\./],
  ['health-coach', /bot: {2}I remember: .*marathon in Oslo/],
  [
    'streaming-orchestrator',
    /bot: {2}I know nothing.*\nuser: .*\n {2}\(remembered: I am allergic to peanuts\.\)\nbot: {2}I remember: I am allergic/,
  ],
  [
    'explainable',
    /My sister Lin moved to Oslo[^]*seen as \w+, weights \{"semantic"[^]*because of [0-9a-f-]{36}: score 0\.\d\d, \w/,
  ],
  ['stateful', /bot: {2}\[\w+, positive\] I know nothing[^]*bot: {2}\[\w+, neutral\] I remember: .*Pepper/],
  [
    'resilient',
    /this waits in a file[^]*stopped with 1 message waiting[^]*bot: {2}I remember: My locker code is 4711\./,
  ],
  [
    'ai-sdk',
    /bot: {2}Noted\.\n[^]*bot: {2}I remember: I am allergic to peanuts\.\n {2}\(2 turns of tuesday are stored\)/,
  ],
  [
    'langchain',
    /bot: {2}I know nothing[^]*bot: {2}I remember: My sister Lin moved to Oslo in May\.\n {2}\(4 turns of today are stored\)/,
  ],
];

it.each(EXAMPLES)(
  'examples/%s',
  async (name, expected) => {
    expect(await example(name)).toMatch(expected);
  },
  DEADLINE_MS,
);

it('talk to a real model when the environment names one', async () => {
  const prompts: { authorization: string | undefined; model: string; prompt: string }[] = [];
  const service = createServer((request, response) => {
    void text(request).then((body) => {
      const { model, messages } = JSON.parse(body) as { model: string; messages: { content: string }[] };
      const { authorization } = request.headers;
      prompts.push({ authorization, model, prompt: `${request.url} ${messages[0]!.content}` });
      response.end(JSON.stringify({ choices: [{ message: { content: 'As you wish.' } }] }));
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`;
  try {
    const output = await example('simple', { LLM_URL: url, LLM_API_KEY: 'k', LLM_MODEL: 'm' });
    expect(output).toMatch(/bot: {2}As you wish\./);
    expect(prompts.at(-1)).toEqual({
      authorization: 'Bearer k',
      model: 'm',
      prompt: expect.stringMatching(/^\/v1\/chat\/completions [^]*- I bought ten shares of ACME in May\./),
    });
  } finally {
    service.close();
  }
});

it.each([
  ['nobody answers', { MEMORY_API_URL: 'http://127.0.0.1:9' }, /^Nobody answers at http:.*npm start\n$/],
  ['a key is missing', { MEMORY_API_KEY: '' }, /^401 .*MEMORY_API_KEY\.\n$/],
])('say what to do when %s', async (_, env, expected) => {
  const thrown = (await example('simple', env).catch((error: unknown) => error)) as {
    code: number;
    stderr: string;
  };
  expect(thrown.code).toBe(1);
  expect(thrown.stderr).toMatch(expected);
});

it('says which examples there are: all of them are tried here', async () => {
  const thrown = (await example('nothing').catch((error: unknown) => error)) as {
    code: number;
    stderr: string;
  };
  expect(thrown.code).toBe(2);
  const names = /one of: (.*)/.exec(thrown.stderr)![1]!.split(', ');
  expect(names.sort()).toEqual(EXAMPLES.map(([name]) => name).sort());
});
