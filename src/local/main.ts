import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config';
import { ensureError } from '../domain/errors';
import { LockedError, StoppedError } from './data-lock';
import { watchPackageManager } from './parent-watch';
import { startStack } from './stack';
import { Supervisor } from './supervisor';

/** A stack that is ending has at most about the sum of its parts' deadlines left. */
const LOCK_WAIT_SECONDS = 60;
const MS_A_SECOND = 1_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal's Ctrl-C reaches npm too, which may pass it on: only a later one is of somebody who will not wait. */
const SAME_CTRL_C_MS = 1_000;

const FLAGS = {
  /** Leaves the API and the worker out. */
  'servers-only': { type: 'boolean', default: false },
  /** Ports from anywhere, for stacks beside others. */
  'random-ports': { type: 'boolean', default: false },
  /** How long to wait for another stack on the same data folder to end. */
  'wait-seconds': { type: 'string', default: String(LOCK_WAIT_SECONDS) },
} as const;

/** `npm start`: runs the whole stack until it is told to stop. */
async function main(): Promise<number> {
  // The terminal or pipe that is written to may go away first; that must not end the stack half way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stop = new AbortController();
  let supervisor: Supervisor | undefined;
  let askedAtMs = 0;
  const askToStop = (why: string): void => {
    if (stop.signal.aborted) return;
    askedAtMs = performance.now();
    log(`stopping (${why})`);
    stop.abort();
  };
  const signalled = (name: string): void => {
    if (!stop.signal.aborted) return askToStop(name);
    if (performance.now() - askedAtMs < SAME_CTRL_C_MS) return;
    log(`${name} again: not waiting any longer`);
    supervisor?.hurry();
  };
  for (const name of STOP_SIGNALS) process.on(name, () => signalled(name));
  watchPackageManager((who) => askToStop(`${who} is gone`));
  const { HOST: host, PORT: port } = loadConfig();
  const dataDir = resolve(process.env['DATA_DIR'] || '.data');
  const { values: flags } = parseArgs({ options: FLAGS });
  const [withApp, randomPorts] = [!flags['servers-only'], flags['random-ports']];
  const lockWaitMs = Number(flags['wait-seconds']) * MS_A_SECOND;
  try {
    supervisor = await Supervisor.open({ dataDir, lockWaitMs, log, signal: stop.signal });
    await startStack(supervisor, { dataDir, host, port, withApp, randomPorts, log });
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
  } catch (thrown) {
    if (!(thrown instanceof StoppedError)) throw thrown;
  } finally {
    await supervisor?.stop();
  }
  log('stopped');
  return 0;
}

function log(line: string): void {
  console.log(line);
}

main().then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    const error = ensureError(thrown);
    const advice =
      error instanceof LockedError ? '. Stop that one first, or set DATA_DIR to another folder' : '';
    console.error(`\n${error.message}${advice}`);
    process.exit(1);
  },
);
