import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { minify } from '@swc/core';
import type * as ClientEntry from '../../src/client';
import { startStack, type Stack } from '../support/stack';
import { loadInWebRuntime } from '../support/web-runtime';

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, '../..');
const MAX_MINIFIED_BYTES = 30_000;
const INSTALL_DEADLINE_MS = 300_000;
const CHECK_DEADLINE_MS = 120_000;
const LOCAL_IMPORT = /\b(?:from|import) ?'(\.\.?\/[^']+)'/g;
/** What a program imports, and with which names. */
const ENTRIES: Record<string, string[]> = {
  'agentic-memories/client': [
    'MemoryClient',
    'AdaptiveMemoryOrchestrator',
    'ChatRuntimeBridge',
    'MessageEvent',
    'MessageRole',
    'IngestionPolicy',
    'RetrievalPolicy',
  ],
  'agentic-memories/client/file-queue': ['FileQueue'],
  'agentic-memories/ai': ['withMemory', 'memoryMiddleware'],
  'agentic-memories/langchain': ['MemoryRetriever', 'MemoryMessageHistory'],
};

const project = mkdtempSync(path.join(tmpdir(), 'agentic-memories-package-'));
const installed = path.join(project, 'node_modules', 'agentic-memories');
let stack: Stack;

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: ROOT });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  writeFileSync(path.join(project, 'package.json'), '{"private":true}');
  await install(path.join(project, filename));
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
}, INSTALL_DEADLINE_MS + 120_000);
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await stack?.stop();
}, 60_000);

/**
 * As a user would, with its dependencies and LangChain's core beside it; without their install scripts, one of which
 * fetches what only graphics cards need. Where no registry answers, the checkout's own packages stand in.
 */
async function install(tarball: string): Promise<void> {
  const { version } = JSON.parse(
    readFileSync(path.join(ROOT, 'node_modules/@langchain/core/package.json'), 'utf8'),
  ) as { version: string };
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];
  try {
    await run('npm', ['install', ...flags, tarball, `@langchain/core@${version}`], {
      cwd: project,
      timeout: INSTALL_DEADLINE_MS,
    });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT/.test(stderr)) throw error;
    process.stderr.write(
      `\n*** NOT TRIED: npm install of the package, for no registry answers; its packages are linked ***\n${stderr}\n`,
    );
    rmSync(path.join(project, 'node_modules'), { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    for (const name of readdirSync(path.join(ROOT, 'node_modules')))
      if (!name.startsWith('.'))
        symlinkSync(path.join(ROOT, 'node_modules', name), path.join(project, 'node_modules', name));
    await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  }
}

/** The README's programs for the client, speaking to this test's server. */
function readmePrograms(): string[] {
  const blocks = [...readFileSync(path.join(ROOT, 'README.md'), 'utf8').matchAll(/```js\n([^]*?)```/g)];
  return blocks.map(([, code]) => code!.replace('http://localhost:8080', stack.url));
}

function asCommonJs(program: string): string {
  const required = program.replace(/import (\{[^}]+\}) from ('[^']+');/g, 'const $1 = require($2);');
  return `(async () => {\n${required}\n})();`;
}

async function runProgram(name: string, program: string): Promise<string> {
  writeFileSync(path.join(project, name), program);
  return (await run(process.execPath, [name], { cwd: project, timeout: 60_000 })).stdout;
}

it.each([
  ['ES module', 'mjs', (program: string) => program],
  ['CommonJS', 'cjs', asCommonJs],
])('the README’s programs run from an installed package: %s', async (_, extension, form) => {
  // A user each, who has asked nothing before.
  const [quickStart, orchestrator] = readmePrograms().map((one) =>
    form(one.replaceAll('user-123', extension)),
  );
  expect(await runProgram(`quick.${extension}`, quickStart!)).toBe('I am allergic to peanuts.\n');
  expect(await runProgram(`chat.${extension}`, orchestrator!)).toBe(
    'remembered: I am allergic to peanuts.\n',
  );
});

it.each(['mjs', 'cjs'])('every entry gives what it promises: %s', async (extension) => {
  const named = Object.entries(ENTRIES).map(([entry, names]) => {
    const [list, from] = [`{ ${names.join(', ')} }`, `'${entry}'`];
    return {
      imports: extension === 'mjs' ? `import ${list} from ${from};` : `const ${list} = require(${from});`,
      shown: `console.log([${names.join(', ')}].every((one) => typeof one === 'function'));`,
    };
  });
  const program = [...named.map((one) => one.imports), ...named.map((one) => one.shown)].join('\n');
  expect(await runProgram(`entries.${extension}`, program)).toBe('true\n'.repeat(named.length));
});

it('the command line runs from an installed package', async () => {
  const bin = path.join(project, 'node_modules/.bin/agentic-memories');
  // Linked instead of installed there are no such links.
  const main = existsSync(bin) ? bin : path.join(installed, 'dist/src/cli/main.js');
  const cli = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [main, ...args, '--url', stack.url], { cwd: project })).stdout;
  expect(await cli('store', '--user', 'bin', 'My sister Lin lives in Oslo.')).toMatch(/1 new memory/);
  expect(await cli('search', '--user', 'bin', 'Where does Lin live?')).toContain('lives in Oslo');
});

/** What the compiler says about a program of the project, in both module systems. */
async function complaints(name: string, program: string, options: object): Promise<string> {
  const files = ['mts', 'cts'].map((extension) => `${name}.${extension}`);
  for (const file of files) writeFileSync(path.join(project, file), program);
  const compilerOptions = { strict: true, noEmit: true, module: 'node16', target: 'es2022', ...options };
  const settings = path.join(project, `tsconfig.${name}.json`);
  writeFileSync(settings, JSON.stringify({ compilerOptions, include: files }));
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const checked = await run(process.execPath, [tsc, '-p', settings]).catch(
    (error: { stdout: string }) => error,
  );
  return checked.stdout;
}

it(
  'type-checks under strict in both module systems, without Node’s types',
  async () => {
    const [quickStart, orchestrator] = readmePrograms();
    const withoutNode = orchestrator!.replace(/import \{ FileQueue.*\n/, '').replace(/^ +queue:.*\n/m, '');
    const program =
      `export async function quick() {\n${quickStart!.replace(/import .*\n/, '')}}\n` +
      `export async function chat() {\n${withoutNode.replace(/import .*\n/, '')}}\n` +
      `import { AdaptiveMemoryOrchestrator, MemoryClient, MessageEvent, MessageRole } from 'agentic-memories/client';\n` +
      `// @ts-expect-error\nvoid new MemoryClient().store({ user_id: 1 });\n`;
    const lib = ['es2022', 'dom', 'dom.iterable'];
    expect(await complaints('client', program, { lib, types: [] })).toBe('');
  },
  CHECK_DEADLINE_MS,
);

it(
  'type-checks under strict in both module systems, what runs on Node and in frameworks',
  async () => {
    const program = `
import { MemoryClient } from 'agentic-memories/client';
import { FileQueue } from 'agentic-memories/client/file-queue';
import { memoryMiddleware, withMemory } from 'agentic-memories/ai';
import { MemoryMessageHistory, MemoryRetriever } from 'agentic-memories/langchain';

const whose = { client: new MemoryClient(), userId: 'ada' };
export const queue = new FileQueue('queue.ndjson');
export const model = (inner: Parameters<typeof withMemory>[0]) =>
  withMemory(inner, { ...whose, conversationId: 'c' });
export const middleware = memoryMiddleware({ ...whose, conversationId: 'c' });
export async function documents(): Promise<string[]> {
  const history = new MemoryMessageHistory({ ...whose, conversationId: 'c' });
  await history.addUserMessage('Hello');
  return (await new MemoryRetriever({ ...whose, limit: 3 }).invoke('x')).map((one) => one.pageContent);
}
// @ts-expect-error
void new MemoryRetriever({ userId: 1 });
`;
    // The frameworks' own types are theirs to check.
    const typeRoots = [path.join(ROOT, 'node_modules/@types')];
    expect(await complaints('frameworks', program, { types: ['node'], typeRoots, skipLibCheck: true })).toBe(
      '',
    );
  },
  CHECK_DEADLINE_MS,
);

it(`the client is below ${MAX_MINIFIED_BYTES} bytes minified, and imports nothing but itself`, async () => {
  const files = new Set<string>();
  const collect = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const code = readFileSync(file, 'utf8');
    expect(code).not.toMatch(/\b(?:from|import) ?\(?'(?!\.)|\brequire\(/);
    for (const [, imported] of code.matchAll(LOCAL_IMPORT))
      collect(path.resolve(path.dirname(file), imported!));
  };
  collect(path.join(installed, 'dist/client/esm/client/index.js'));
  expect(files.size).toBeGreaterThan(10);
  let bytes = 0;
  for (const file of files) {
    const { code } = await minify(readFileSync(file, 'utf8'), { module: true, compress: true, mangle: true });
    bytes += Buffer.byteLength(code);
  }
  expect(bytes).toBeLessThan(MAX_MINIFIED_BYTES);
});

it('runs where there is nothing but what browsers and edge runtimes have', async () => {
  const entry = path.join(installed, 'dist/client/cjs/client/index.js');
  const { AdaptiveMemoryOrchestrator, MemoryClient } = loadInWebRuntime(entry) as typeof ClientEntry;
  const client = new MemoryClient({ baseUrl: stack.url });
  const history = [{ role: 'user' as const, content: 'I am allergic to peanuts.' }];
  await client.store({ user_id: 'edge', conversation_id: 'before', history });
  const orchestrator = new AdaptiveMemoryOrchestrator({ client, userId: 'edge' });
  const heard: string[] = [];
  orchestrator.subscribeInjections((memory) => void heard.push(memory.content), { conversationId: 'now' });
  const question = { conversationId: 'now', role: 'user' as const, content: 'Which foods am I allergic to?' };
  await orchestrator.streamMessage(question);
  expect(heard).toEqual(['I am allergic to peanuts.']);
  expect(await orchestrator.shutdown()).toEqual({ unsent: [] });
  // It reads what is streamed to it, too.
  const stop = new AbortController();
  for await (const { injection } of client.injections(
    { user_id: 'edge', conversation_id: 'now' },
    { lastEventId: 0, signal: stop.signal },
  )) {
    heard.push(injection.content);
    stop.abort();
  }
  expect(heard).toHaveLength(2);
  // What needs files needs Node, and says so.
  const queue = path.join(installed, 'dist/client/cjs/client/file-queue.js');
  expect(() => loadInWebRuntime(queue)).toThrow(/requires node:fs, which is not there/);
});

it('holds what its entries name, and no tests', () => {
  const { exports: entries, bin } = JSON.parse(
    readFileSync(path.join(installed, 'package.json'), 'utf8'),
  ) as { exports: object; bin: Record<string, string> };
  const named = JSON.stringify([entries, bin]).match(/\.?\/?dist\/[^"]+/g)!;
  expect(named.length).toBeGreaterThan(4);
  for (const file of named) expect([file, existsSync(path.join(installed, file))]).toEqual([file, true]);
  expect(existsSync(path.join(installed, 'dist/test'))).toBe(false);
});
