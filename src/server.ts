import { setFlagsFromString } from 'node:v8';
import { createLogger } from './api/log';
import { startApi } from './api/start';
import { loadConfig } from './config';
import { ensureError } from './domain/errors';

/**
 * How much garbage the old generation takes before it is collected, in percent of what is alive. Left to itself it is a
 * multiple: what passes through in an import lives long enough to get there, and took 150 MB.
 */
const HEAP_GROWING_PERCENT = 50;
setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);

/** The API's process: starts it, and on SIGTERM or SIGINT lets it finish what is in flight. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger(config.LOG_LEVEL);
  process.on('uncaughtException', (thrown) => {
    log.fatal({ err: ensureError(thrown) }, 'uncaught error');
    process.exit(1);
  });
  const api = await startApi(config, log);
  log.info({ url: api.url }, 'listening');
  // A parent that started us with a channel learns where we listen (PORT=0 lets the system choose).
  process.send?.({ listening: api.url });

  let closing = false;
  const stop = (signal: string): void => {
    if (closing) return;
    closing = true;
    log.info({ signal }, 'stopping');
    api.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: ensureError(error) }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A parent that holds the channel and dies must not leave us behind.
  process.on('disconnect', () => stop('disconnect'));
}

main().catch((thrown: unknown) => {
  process.stderr.write(`agentic-memories API: ${ensureError(thrown).message}\n`);
  process.exit(1);
});
