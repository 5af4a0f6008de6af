import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 500;
/** Between making the folder and writing the pid into it lies next to nothing. */
const WRITE_GRACE_MS = 5_000;

/** Lets one setup at a time work on a checkout: two `npm ci` at once would tear each other's node_modules apart. */
export async function withSetupLock(root, work) {
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `agentic-memories-setup-${userInfo().uid}-${hash}`);
  for (let told = false; !take(lock); told = true) {
    if (!told) console.log('another setup works on this checkout: waiting for it');
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function take(lock) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (holderLives(lock)) return false;
    rmSync(lock, { recursive: true, force: true });
    return false; // whoever makes it next has it
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  return true;
}

function holderLives(lock) {
  let pid;
  try {
    pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return holderIsNew(lock);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function holderIsNew(lock) {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - made < WRITE_GRACE_MS;
}
