import { STATUS_CODES } from 'node:http';
import { DomainError, RefusedError, UnavailableError, type FieldError } from '../domain/errors';
import type { Problem } from './schemas/answers';

export const PROBLEM_TYPE = 'application/problem+json';
const DEFAULT_RETRY_AFTER_SECONDS = 2;
/** A body of a thousand broken messages is told about the first ones. */
const MAX_FIELD_ERRORS = 50;

export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Problem;
}

/** What the caller is told of an error: never a stack, a statement, a secret or a message's text. */
export function problemOf(error: unknown, requestId: string): ProblemAnswer {
  const known = asDomainError(error);
  const headers: Record<string, string> = { ...known.headers };
  const retryAfter =
    known.retryAfterSeconds ??
    (known.status === 429 || known.status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : null);
  if (retryAfter !== null) headers['Retry-After'] = String(retryAfter);
  const errors = known.errors?.slice(0, MAX_FIELD_ERRORS);
  return {
    status: known.status,
    headers,
    body: {
      type: `urn:agentic-memories:problem:${slug(known.title)}`,
      title: known.title,
      status: known.status,
      detail: known.detail,
      request_id: requestId,
      // `errors` is promised with every 422, whoever refused.
      ...(errors
        ? { errors }
        : known.status === 422
          ? { errors: [{ path: '', message: known.detail }] }
          : {}),
    },
  };
}

function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof UnavailableError) {
    const seconds =
      error.retryAfterMs === undefined ? DEFAULT_RETRY_AFTER_SECONDS : Math.ceil(error.retryAfterMs / 1_000);
    return new DomainError(
      503,
      'Service unavailable',
      `${PART_NAMES[error.service]} is out of reach. Try again in a moment.`,
      {
        cause: error,
        retryAfterSeconds: Math.max(1, seconds),
      },
    );
  }
  if (error instanceof RefusedError) {
    return new DomainError(
      502,
      'Refused upstream',
      `${PART_NAMES[error.service]} refuses this input. Sending it again will not help.`,
      {
        cause: error,
      },
    );
  }
  const status = statusOfExpress(error);
  if (status !== null)
    return new DomainError(status, STATUS_CODES[status] ?? 'Bad request', 'The request could not be read.', {
      cause: error,
    });
  return new DomainError(
    500,
    'Internal error',
    'Something went wrong on our side. The log has the cause under this request_id.',
    {
      cause: error,
    },
  );
}

const PART_NAMES: Record<UnavailableError['service'], string> = {
  postgres: 'The record (Postgres)',
  temporal: 'Temporal',
  weaviate: 'The index (Weaviate)',
  embedder: 'The embedder',
  llm: 'The language model',
};

/** Express marks what it cannot decode (a malformed percent in the path) with a 4xx. */
function statusOfExpress(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const status = (error as Error & { status?: unknown }).status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

function slug(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

/** 422 for fields of a request; `detail` stays short however many there are. */
export function fieldErrors(errors: readonly FieldError[]): DomainError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first ? `${first.path}: ${first.message}${more}` : 'A field is wrong.';
  return new DomainError(422, 'Validation failed', detail, { errors: errors.slice(0, MAX_FIELD_ERRORS) });
}
