import { ApiError, ConnectionError, MemoryClient, TimeoutError, UnexpectedAnswerError } from '../client';
import { CliError, EXIT } from './exit';
import { notThisApi, refusal } from './refusal';
import type { ServerOptions } from './server-options';

/** The client, for the server that a command's options name. */
export function memoryClientOf({ url, apiKey }: ServerOptions): MemoryClient {
  return new MemoryClient({ baseUrl: url, ...(apiKey ? { apiKey } : {}), maxRetries: 1 });
}

/** Does what a command does, and tells its errors as the command line tells them. */
export async function told<T>(server: ServerOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw asCliError(server, thrown);
  }
}

/** What a person is told of an error of the client; other errors stay what they are. */
export function asCliError({ url }: ServerOptions, thrown: unknown): unknown {
  if (thrown instanceof ApiError) {
    const { status, title, detail, errors } = thrown;
    return refusal({ url }, status, thrown.type === 'about:blank' ? undefined : { title, detail, errors });
  }
  if (thrown instanceof ConnectionError || thrown instanceof TimeoutError)
    return new CliError(
      EXIT.unreachable,
      `the server at ${url} is out of reach: ${reasonOf(thrown)}`,
      ['Is it running (npm start), and is --url right?'],
      { cause: thrown },
    );
  if (thrown instanceof UnexpectedAnswerError) return notThisApi({ url }, 200);
  return thrown;
}

/** The innermost reason: fetch wraps the system's. */
function reasonOf(error: Error): string {
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error ? reasonOf(cause) : error.message;
}
