import { once } from 'node:events';
import { resolve } from 'node:path';
import { loadConfig } from '../config';
import { ensureError } from '../domain/errors';
import { LockedError, StoppedError } from './data-lock';
import { watchPackageManager } from './parent-watch';
import { startStack } from './stack';
import { Supervisor } from './supervisor';

/** A stack that is ending has at most the sum of its parts' deadlines left. */
const LOCK_WAIT_MS = 60_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `npm start`: runs the whole stack until it is told to stop. `--servers-only` leaves the API and the worker out. */
async function main(): Promise<number> {
  // The terminal or pipe that is written to may go away first; that must not end the stack half way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stop = new AbortController();
  let supervisor: Supervisor | undefined;
  const askToStop = (why: string): void => {
    if (stop.signal.aborted) return supervisor?.hurry();
    log(`stopping (${why})`);
    stop.abort();
  };
  for (const name of STOP_SIGNALS) process.on(name, () => askToStop(name));
  watchPackageManager((who) => askToStop(`${who} is gone`));
  const { HOST: host, PORT: port } = loadConfig();
  const dataDir = resolve(process.env['DATA_DIR'] || '.data');
  const withApp = !process.argv.includes('--servers-only');
  try {
    supervisor = await Supervisor.open({ dataDir, lockWaitMs: LOCK_WAIT_MS, log, signal: stop.signal });
    await startStack(supervisor, { dataDir, host, port, withApp, log });
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
