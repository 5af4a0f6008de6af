import { types } from 'node:util';

/** One field of a request that is wrong; `path` is dotted (`messages.3.content`). */
export interface FieldError {
  path: string;
  message: string;
}

interface DomainErrorOptions {
  cause?: unknown;
  errors?: FieldError[];
  /** What `Retry-After` should say, in seconds. */
  retryAfterSeconds?: number;
  /** Further headers of the answer. */
  headers?: Readonly<Record<string, string>>;
}

/**
 * An error the caller of the API is told about. `status` is the HTTP status of the problem document
 * (RFC 9457), `detail` says what went wrong and what to do next. Never put message text in it.
 */
export class DomainError extends Error {
  override name = 'DomainError';
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers;
  }
}

/** 422 with the fields that are wrong. */
export function invalid(errors: FieldError[]): DomainError {
  const detail = errors.map((e) => `${e.path}: ${e.message}`).join('; ');
  return new DomainError(422, 'Validation failed', detail, { errors });
}

/** 404. */
export function notFound(detail: string): DomainError {
  return new DomainError(404, 'Not found', detail);
}

/** 409. */
export function conflict(detail: string, errors?: FieldError[]): DomainError {
  return new DomainError(409, 'Conflict', detail, errors ? { errors } : {});
}

const ERASED_STATUS = 410;

/** Whether this says that the user was erased. */
export function isErasedUser(thrown: unknown): boolean {
  return thrown instanceof DomainError && thrown.status === ERASED_STATUS;
}

/** 410: the user was erased, and late work must not bring them back. */
export function erasedUser(cause?: unknown): DomainError {
  return new DomainError(
    ERASED_STATUS,
    'User erased',
    'This user was erased: nothing is stored for them until the time of refusal (ERASE_TOMBSTONE_HOURS) is over. Use another user_id, or wait.',
    cause === undefined ? {} : { cause },
  );
}

export type ServiceName = 'postgres' | 'temporal' | 'weaviate' | 'embedder' | 'llm';

/**
 * A part we depend on is out of reach, overloaded or answering 5xx: waiting and trying again is right.
 * `retryAfterMs` is what the part itself asked for, if it did.
 */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly service: ServiceName,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A part refuses this very input (4xx other than 429): sending it again would be refused again. */
export class RefusedError extends Error {
  override name = 'RefusedError';

  constructor(
    readonly service: ServiceName,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** Turns whatever was thrown into an Error, keeping it as the cause if it was none. */
export function ensureError(thrown: unknown): Error {
  // Not `instanceof`: errors of Node itself come from another realm under Jest.
  return types.isNativeError(thrown) ? thrown : new Error(String(thrown), { cause: thrown });
}
