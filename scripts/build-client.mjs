import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the packages' entries for others lie: the same sources in both module systems, each with its types. */
const FOLDER = join('dist', 'client');
const SYSTEMS = [
  { name: 'esm', type: 'module', flags: [] },
  { name: 'cjs', type: 'commonjs', flags: ['--module', 'commonjs'] },
];
const RELATIVE_IMPORT = /(\bfrom |\bimport\(|\bimport )(['"])(\.\.?\/[^'"]+)\2/g;

/** Compiles the client and the integrations, for programs of others. @param node runs a step with Node */
export async function buildClient(root, node) {
  rmSync(join(root, FOLDER), { recursive: true, force: true });
  for (const { name, type, flags } of SYSTEMS) {
    const folder = join(FOLDER, name);
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await node(`compiling the client (${name})`, [
      tsc,
      ...['-p', 'tsconfig.client.json'],
      ...['--outDir', folder, ...flags],
    ]);
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'package.json'), `${JSON.stringify({ type, sideEffects: false })}\n`);
    if (type === 'module') nameFiles(join(root, folder));
  }
}

/** ES modules name files whole, where the sources leave the extension out. */
function nameFiles(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(js|d\.ts)$/.test(entry.name)) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(RELATIVE_IMPORT, (_, before, quote, path) => {
        const isFolder = existsSync(join(entry.parentPath ?? entry.path, path, 'index.js'));
        return `${before}${quote}${path}${isFolder ? '/index' : ''}.js${quote}`;
      }),
    );
  }
}
