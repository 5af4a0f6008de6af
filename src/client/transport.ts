import { ConnectionError, TimeoutError, apiError, ApiError, isTemporary } from './errors';
import { jsonOf } from './text-lines';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RETRIES = 3;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
/** What a server asks for beyond this is left to the caller. */
const LONGEST_RETRY_AFTER_MS = 30_000;

export interface ClientOptions {
  /** Address of the API, without /v1; default `http://localhost:8080`. */
  baseUrl?: string;
  apiKey?: string;
  /** How long one attempt may take, in milliseconds; default 30,000. */
  timeoutMs?: number;
  /** How often a call is tried again when the server is away, busy or not well; default 3. */
  maxRetries?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Instead of the runtime's own. */
  fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  maxRetries?: number;
}

export type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface Call {
  method: string;
  path: string;
  query?: Record<string, QueryValue>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  stream?: { type: string; content: BodyInit };
  headers?: Record<string, string>;
}

interface Sent {
  response: Response;
  /** Ends the deadline. */
  stop: () => void;
  /** Lets go of the caller's signal. */
  release: () => void;
  /** What to throw for an error of this attempt. */
  failed: (error: unknown) => unknown;
}

/** HTTP with deadlines, typed errors, and retries of what is safe to send again: everything here is. */
export class Transport {
  private readonly baseUrl: string;
  private readonly fetch: typeof globalThis.fetch;

  constructor(private readonly options: ClientOptions) {
    this.baseUrl = (options.baseUrl ?? DEFAULT_URL).replace(/\/+$/, '');
    this.fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
  }

  /** Sends a request and reads the JSON of its answer. @throws MemoryError; the signal's reason when it is aborted */
  async json<T>(call: Call, options: CallOptions = {}): Promise<T> {
    const text = await this.retrying(options, () => this.once(call, options));
    return jsonOf<T>(text);
  }

  /** Opens an answer that is read as it comes; retries until its head is there. */
  async open(call: Call, options: CallOptions = {}): Promise<Response> {
    return this.retrying(options, async () => {
      const { response, stop } = await this.send(call, options);
      stop();
      if (response.ok) return response;
      throw apiError(response.status, await response.text(), response.headers.get('retry-after'));
    });
  }

  private async once(call: Call, options: CallOptions): Promise<string> {
    const { response, stop, release, failed } = await this.send(call, options);
    try {
      const text = await response.text();
      if (response.ok) return text;
      throw apiError(response.status, text, response.headers.get('retry-after'));
    } catch (error) {
      throw failed(error);
    } finally {
      stop();
      release();
    }
  }

  private async send(
    { method, path, query, body, stream, headers }: Call,
    { signal, timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS }: CallOptions,
  ): Promise<Sent> {
    signal?.throwIfAborted();
    const cancel = new AbortController();
    const abort = (): void => cancel.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    const late = new TimeoutError(`no answer to ${method} ${path} within ${timeoutMs} ms`);
    const timer = setTimeout(() => cancel.abort(late), timeoutMs);
    const stop = (): void => clearTimeout(timer);
    const release = (): void => signal?.removeEventListener('abort', abort);
    const failed = (error: unknown): unknown => {
      if (signal?.aborted) return signal.reason;
      if (cancel.signal.aborted) return late;
      if (error instanceof ApiError) return error;
      return new ConnectionError(`the server at ${this.baseUrl} is out of reach`, { cause: error });
    };
    const content = body === undefined ? stream?.content : JSON.stringify(body);
    const type = body === undefined ? stream?.type : 'application/json';
    try {
      const response = await this.fetch(this.baseUrl + path + queryString(query), {
        method,
        headers: {
          ...(type === undefined ? {} : { 'Content-Type': type }),
          ...(this.options.apiKey === undefined ? {} : { Authorization: `Bearer ${this.options.apiKey}` }),
          ...this.options.headers,
          ...headers,
        },
        signal: cancel.signal,
        ...(content === undefined ? {} : { body: content }),
        ...(typeof content === 'object' ? { duplex: 'half' } : {}),
      } as RequestInit);
      return { response, stop, release, failed };
    } catch (error) {
      stop();
      release();
      throw failed(error);
    }
  }

  private async retrying<T>(options: CallOptions, attempt: () => Promise<T>): Promise<T> {
    const most = options.maxRetries ?? this.options.maxRetries ?? DEFAULT_MAX_RETRIES;
    for (let tried = 0; ; tried += 1) {
      try {
        return await attempt();
      } catch (error) {
        const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
        if (tried >= most || !isTemporary(error) || (asked ?? 0) > LONGEST_RETRY_AFTER_MS) throw error;
        await pause(asked ?? backoffMs(tried), options.signal);
      }
    }
  }
}

/** What to wait before try `tried + 1`: longer each time, and never the same for all who wait. */
export function backoffMs(tried: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** tried) * (0.5 + Math.random() / 2);
}

/** @throws the signal's reason when it is aborted first */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function queryString(query: Call['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
