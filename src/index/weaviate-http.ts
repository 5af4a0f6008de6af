import { ensureError, RefusedError, UnavailableError } from '../domain/errors';

const TOO_MANY_REQUESTS = 429;
const EXCERPT_CHARS = 300;

export interface WeaviateHttpOptions {
  /** Base URL, without `/v1`. */
  url: string;
  apiKey: string;
  /** Deadline of one request. */
  timeoutMs: number;
}

export interface WeaviateAnswer {
  status: number;
  body: unknown;
  /** What the server says is wrong, in its words; empty if nothing is. */
  problem: string;
}

export interface WeaviateHttp {
  /**
   * One request, never retried here. 4xx is an answer for the caller to judge.
   * @throws UnavailableError out of reach, past the deadline, 429, 5xx, or an answer that is no JSON
   */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<WeaviateAnswer>;
}

/** Weaviate's REST API with a deadline on every call. */
export function createWeaviateHttp(options: WeaviateHttpOptions): WeaviateHttp {
  const base = options.url.replace(/\/+$/, '');
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.apiKey) headers['authorization'] = `Bearer ${options.apiKey}`;

  return {
    async request(method, path, body) {
      let status: number;
      let text: string;
      try {
        const response = await fetch(`${base}${path}`, {
          method,
          headers,
          signal: AbortSignal.timeout(options.timeoutMs),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        status = response.status;
        text = await response.text();
      } catch (thrown) {
        throw new UnavailableError('weaviate', `Weaviate does not answer at ${base}: ${reasonOf(thrown)}`, {
          cause: thrown,
        });
      }
      const json = parse(text);
      const problem = problemIn(json) || (status >= 400 ? text.slice(0, EXCERPT_CHARS) : '');
      if (status === TOO_MANY_REQUESTS || status >= 500) {
        throw new UnavailableError('weaviate', `Weaviate answers ${status}: ${problem}`);
      }
      if (json === undefined && text !== '' && status < 400) {
        throw new UnavailableError('weaviate', `Weaviate answers ${status} with a body that is no JSON`);
      }
      return { status, body: json, problem };
    },
  };
}

/** Does this message say that the tenant is not there, or that the whole collection is not? */
export function saysTenantMissing(problem: string): boolean {
  return /tenant not found/i.test(problem);
}

/** See saysTenantMissing. */
export function saysCollectionMissing(problem: string): boolean {
  return /class not found|not present in schema|could not find class|Cannot query field/i.test(problem);
}

/**
 * The error for something Weaviate says about an object or a query. What it says about the input is permanent; all
 * else (read-only for a full disk, shutting down, out of memory, …) is waited out, since waiting loses nothing.
 */
export function errorFor(problem: string): UnavailableError | RefusedError {
  const aboutTheInput =
    /vector lengths don't match|with length|different length|dimension|validate vector index|invalid (text )?property|not a valid uuid|must be of type|too long|is not a valid/i;
  return aboutTheInput.test(problem) && !/read-?only/i.test(problem)
    ? new RefusedError('weaviate', `Weaviate refuses it: ${problem}`)
    : new UnavailableError('weaviate', `Weaviate cannot do it now: ${problem}`);
}

function reasonOf(thrown: unknown): string {
  const error = ensureError(thrown);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function problemIn(json: unknown): string {
  if (typeof json !== 'object' || json === null) return '';
  const { error, errors, message } = json as { error?: unknown; errors?: unknown; message?: unknown };
  const list = Array.isArray(error) ? error : Array.isArray(errors) ? errors : [];
  const messages = list
    .map((item: unknown) => (item as { message?: unknown } | null)?.message)
    .filter(isString);
  if (isString(message) && messages.length === 0) messages.push(message);
  return messages.join('; ');
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
