import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { minify } from '@swc/core';
import { startStack, type Stack } from '../support/stack';

const run = promisify(execFile);
const ROOT = path.resolve(__dirname, '../..');
const MAX_MINIFIED_BYTES = 30_000;
const LOCAL_IMPORT = /\b(?:from|import) ?'(\.\.?\/[^']+)'/g;

const project = mkdtempSync(path.join(tmpdir(), 'agentic-memories-package-'));
const installed = path.join(project, 'node_modules', 'agentic-memories');
let stack: Stack;

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: ROOT });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  mkdirSync(installed, { recursive: true });
  // Without its dependencies: the client needs none of them.
  await run('tar', ['-xzf', path.join(project, filename), '-C', installed, '--strip-components=1']);
  writeFileSync(path.join(project, 'package.json'), '{"private":true}');
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
}, 180_000);
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await stack?.stop();
}, 60_000);

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

it('type-checks under strict in both module systems, without Node’s types', async () => {
  const [quickStart, orchestrator] = readmePrograms();
  const entries = ['agentic-memories/client'];
  const withoutNode = orchestrator!.replace(/import \{ FileQueue.*\n/, '').replace(/^ +queue:.*\n/m, '');
  for (const extension of ['mts', 'cts'])
    writeFileSync(
      path.join(project, `typed.${extension}`),
      `export async function quick() {\n${quickStart!.replace(/import .*\n/, '')}}\n` +
        `export async function chat() {\n${withoutNode.replace(/import .*\n/, '')}}\n` +
        `import { AdaptiveMemoryOrchestrator, MemoryClient, MessageEvent, MessageRole } from '${entries[0]}';\n` +
        `// @ts-expect-error\nvoid new MemoryClient().store({ user_id: 1 });\n`,
    );
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'node16',
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
  };
  writeFileSync(
    path.join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['typed.mts', 'typed.cts'] }),
  );
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const checked = await run(process.execPath, [tsc, '-p', project]).catch(
    (error: { stdout: string }) => error,
  );
  expect(checked.stdout).toBe('');
});

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

it('holds what its entries name, and no tests', () => {
  const { exports: entries, bin } = JSON.parse(
    readFileSync(path.join(installed, 'package.json'), 'utf8'),
  ) as { exports: object; bin: Record<string, string> };
  const named = JSON.stringify([entries, bin]).match(/\.?\/?dist\/[^"]+/g)!;
  expect(named.length).toBeGreaterThan(4);
  for (const file of named) expect([file, existsSync(path.join(installed, file))]).toEqual([file, true]);
  expect(existsSync(path.join(installed, 'dist/test'))).toBe(false);
});
