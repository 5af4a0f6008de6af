/** One field of a request that the server refuses; `path` is dotted (`history.3.content`). */
export interface FieldError {
  path: string;
  message: string;
}

/** Anything that goes wrong between this client and the server. */
export class MemoryError extends Error {
  override name = 'MemoryError';
}

/** The server could not be reached, or the connection was lost. Sending again is safe. */
export class ConnectionError extends MemoryError {
  override name = 'ConnectionError';
}

/** No whole answer within the deadline. Sending again is safe. */
export class TimeoutError extends MemoryError {
  override name = 'TimeoutError';
}

/** What answers is not this API: `baseUrl` names something else, or something stands before it for a while. */
export class UnexpectedAnswerError extends MemoryError {
  override name = 'UnexpectedAnswerError';
}

/** A call after `shutdown`. */
export class ShutdownError extends MemoryError {
  override name = 'ShutdownError';
}

/** The server has been away for so long that no more messages can wait here. */
export class QueueFullError extends MemoryError {
  override name = 'QueueFullError';
}

/** The queue's file belongs to another process. */
export class QueueInUseError extends MemoryError {
  override name = 'QueueInUseError';
}

interface ProblemDetails {
  type?: string;
  title?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldError[];
}

/** The server answered with an error (a problem document, RFC 9457). */
export class ApiError extends MemoryError {
  override name = 'ApiError';
  /** Kind of the problem, a URN. */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** What the server's log knows this request by. */
  readonly requestId: string | undefined;
  /** The fields that are wrong, with 422 and 409. */
  readonly errors: readonly FieldError[];

  constructor(
    readonly status: number,
    problem: ProblemDetails,
    /** What the server asked for before the next try; undefined when it did not. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(`${status} ${problem.title ?? 'Error'}${problem.detail ? `: ${problem.detail}` : ''}`);
    this.type = problem.type ?? 'about:blank';
    this.title = problem.title ?? 'Error';
    this.detail = problem.detail ?? '';
    this.requestId = problem.request_id;
    this.errors = problem.errors ?? [];
  }
}

/** 401: no key, or a wrong one. */
export class AuthenticationError extends ApiError {
  override name = 'AuthenticationError';
}
/** 403: this key may not. */
export class PermissionError extends ApiError {
  override name = 'PermissionError';
}
/** 404. */
export class NotFoundError extends ApiError {
  override name = 'NotFoundError';
}
/** 409: a `message_id` that is known with other content, or the same request is still in flight. */
export class ConflictError extends ApiError {
  override name = 'ConflictError';
}
/** 410: the user was erased. */
export class ErasedUserError extends ApiError {
  override name = 'ErasedUserError';
}
/** 422: `errors` says which fields are wrong. */
export class ValidationError extends ApiError {
  override name = 'ValidationError';
}
/** 429: `retryAfterMs` says when to come again. */
export class RateLimitError extends ApiError {
  override name = 'RateLimitError';
}
/** 5xx. */
export class ServerError extends ApiError {
  override name = 'ServerError';
}

const BY_STATUS: Record<number, typeof ApiError> = {
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  410: ErasedUserError,
  422: ValidationError,
  429: RateLimitError,
};

/** The error of an answer that is none of 2xx. */
export function apiError(status: number, body: string, retryAfter: string | null): ApiError {
  const Kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : ApiError);
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  return new Kind(status, problemIn(body), Number.isFinite(seconds) ? seconds * 1_000 : undefined);
}

function problemIn(body: string): ProblemDetails {
  try {
    const parsed = JSON.parse(body) as unknown;
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // A proxy's page, for example.
  }
  return { detail: body.slice(0, 300) };
}

/** Whether the same request may succeed later: the server is away, busy or not well. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true;
  // A proxy's page while the server is away: nothing of ours has refused anything.
  if (error instanceof UnexpectedAnswerError) return true;
  if (!(error instanceof ApiError)) return false;
  if (error.status === 409) return error.retryAfterMs !== undefined;
  return error.status === 408 || error.status === 429 || error.status >= 500;
}
