import { randomUUID } from 'node:crypto';
import { AuthenticationError, ConnectionError, MemoryClient } from 'agentic-memories/client';

/** Where the memories are: `npm start` here, unless the environment says otherwise. */
const MEMORY_API_URL = process.env['MEMORY_API_URL'] ?? 'http://localhost:8080';

/** A user whom nobody has met, so that an example can be run again and again. */
export function newUser(name: string): string {
  return `example-${name}-${randomUUID().slice(0, 8)}`;
}

export function memoryClient(): MemoryClient {
  const apiKey = process.env['MEMORY_API_KEY'];
  return new MemoryClient({ baseUrl: MEMORY_API_URL, ...(apiKey ? { apiKey } : {}) });
}

/** Runs an example and says what went wrong, if something does. */
export function run(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    if (error instanceof ConnectionError)
      console.error(`Nobody answers at ${MEMORY_API_URL}. Start the memories with: npm start`);
    else if (error instanceof AuthenticationError)
      console.error(`${error.message} Give a key in MEMORY_API_KEY.`);
    else console.error(error);
    process.exitCode = 1;
  });
}
