import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildClient } from './build-client.mjs';
import { StepFailed, step } from './progress.mjs';

const SOURCES = ['src', 'workflows', 'activities', 'test', 'examples'];
const SETTINGS = [
  ...['tsconfig.json', 'tsconfig.client.json', 'package-lock.json'],
  ...['build.mjs', 'build-client.mjs'].map((name) => join('scripts', name)),
];
const STAMP = join('dist', '.build-stamp');
/** The compiler copies none but its own; the programs read these beside themselves. */
const ASSETS = /\.(js|json|json\.gz|sql|bin)$/;

/**
 * Compiles, copies what is not TypeScript, and bundles the workflows; does nothing when no source has changed.
 * @param options.lenient with type errors the build goes on, and `false` says so
 * @returns whether the types are right
 */
export async function build(root, options = {}) {
  const stamp = sourceHash(root);
  if (existsSync(join(root, STAMP)) && readFileSync(join(root, STAMP), 'utf8') === stamp) return true;
  rmSync(join(root, STAMP), { force: true });
  const node = (what, args, extra = {}) =>
    step(what, process.execPath, args, { spawn: { cwd: root }, ...extra });
  let typesAreRight = true;
  try {
    await node('compiling', [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']);
  } catch (error) {
    if (!options.lenient || !(error instanceof StepFailed)) throw error;
    console.log(error.message);
    typesAreRight = false;
  }
  if (typesAreRight) await buildClient(root, node);
  copyAssets(root);
  const bundler = join('dist', 'src', 'temporal', 'build-bundle.js');
  if (existsSync(join(root, bundler))) await node('bundling workflows', [bundler]);
  if (typesAreRight) writeFileSync(join(root, STAMP), stamp);
  return typesAreRight;
}

function sourceHash(root) {
  const hash = createHash('sha256').update(process.version);
  const files = [
    ...SOURCES.flatMap((folder) => filesBelow(join(root, folder))),
    ...SETTINGS.map((f) => join(root, f)),
  ];
  for (const file of files.sort())
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function copyAssets(root) {
  for (const file of filesBelow(join(root, 'src')).filter((name) => ASSETS.test(name))) {
    const copy = join(root, 'dist', relative(root, file));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build(dirname(dirname(fileURLToPath(import.meta.url)))).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
