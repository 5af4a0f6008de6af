import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, /[\\/]dist[\\/]/.test(__dirname) ? '../../..' : '../..');
const NOTED = join(ROOT, 'test/replay/workflow-sources.json');

/** By the workflow's file: what its code was when its histories were recorded last, and as which version. */
export type NotedSources = Record<string, { histories: string; sources: string }>;

/** The workflows there are, by their files' names. */
export function workflowNames(): string[] {
  return readdirSync(join(ROOT, 'workflows'))
    .flatMap((file) => /^(.+)\.workflow\.ts$/.exec(file)?.[1] ?? [])
    .sort();
}

/** SHA-256 of what of a workflow's own code, and of the code it imports from us, runs: neither types nor comments. */
export function sourcesOf(workflow: string): string {
  const code = new Map<string, string>();
  const open = [join(ROOT, 'workflows', `${workflow}.workflow.ts`)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (code.has(file)) continue;
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        removeComments: true,
      },
    });
    code.set(file, outputText);
    for (const [, imported] of outputText.matchAll(/require\("(\.[^"]+)"\)/g)) {
      const target = `${resolve(dirname(file), imported!)}.ts`;
      if (!existsSync(target)) throw new Error(`${relative(ROOT, file)} imports ${imported}: no such file`);
      open.push(target);
    }
  }
  const hash = createHash('sha256');
  for (const file of [...code.keys()].sort()) hash.update(`${relative(ROOT, file)}\n${code.get(file)}\n`);
  return hash.digest('hex');
}

export function notedSources(): NotedSources {
  return existsSync(NOTED) ? (JSON.parse(readFileSync(NOTED, 'utf8')) as NotedSources) : {};
}

/** Notes that a workflow's histories were recorded from the code as it is now. */
export function noteSources(workflow: string, histories: string): void {
  const noted = { ...notedSources(), [workflow]: { histories, sources: sourcesOf(workflow) } };
  const sorted = Object.fromEntries(Object.entries(noted).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(NOTED, `${JSON.stringify(sorted, null, 2)}\n`);
}
