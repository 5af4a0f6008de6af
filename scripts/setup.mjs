import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { installPackages } from './install.mjs';
import { step } from './progress.mjs';
import { withSetupLock } from './setup-lock.mjs';

const LEAST_NODE = [20, 11];

/**
 * Makes a checkout ready to run, from nothing but Node and Go: packages, build, the embedder's model, the servers.
 * Whatever is there already is left as it is, so this is quick from the second time on.
 * @returns whether the types are right; with `dev`, wrong ones are told and do not stop it
 */
export async function setup({ dev = false } = {}) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  checkNode();
  return withSetupLock(root, async () => {
    await installPackages(root);
    const typesAreRight = await build(root, { lenient: dev });
    await fetchModel(root);
    const installer = join('dist', 'src', 'local', 'install-servers.js');
    await step('looking for the servers', process.execPath, [installer], {
      show: true,
      quiet: true,
      spawn: { cwd: root },
    });
    return typesAreRight;
  });
}

/** Without the model there is still search by words, so a failure here is told and no more. */
async function fetchModel(root) {
  const script = join('scripts', 'fetch-model.mjs');
  if (!existsSync(join(root, script))) return;
  try {
    await step('fetching the embedder’s model', process.execPath, [script], {
      show: true,
      quiet: true,
      spawn: { cwd: root },
    });
  } catch (error) {
    console.log(
      `${error.message}. Starting without it: search goes by words alone until \`npm run setup\` succeeds.`,
    );
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Error(
    `Node ${process.versions.node} is too old: install Node ${LEAST_NODE.join('.')} or later (https://nodejs.org)`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup({ dev: process.argv.includes('--dev') }).catch((error) => {
    console.error(`\n${error.message}`);
    process.exit(1);
  });
}
