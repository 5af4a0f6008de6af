import { ensureError } from '../domain/errors';
import { TEMPORAL, WEAVIATE, findBinary } from './binaries';
import { installServer } from './go-install';

/** Finds, or else builds, each server that `npm start` runs here. A server whose address is given is left alone. */
async function main(): Promise<void> {
  const log = (line: string): void => console.log(line);
  for (const server of [TEMPORAL, WEAVIATE]) {
    if (server.addressVariables.every((variable) => process.env[variable])) continue;
    if (findBinary(server, process.env, log) === undefined) await installServer(server, { log });
  }
}

main().catch((thrown: unknown) => {
  console.error(ensureError(thrown).message);
  process.exit(1);
});
