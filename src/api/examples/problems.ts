import { DomainError } from '../../domain/errors';
import { fieldErrors, problemOf } from '../problem';
import type { Problem } from '../schemas/answers';

interface ProblemStatus {
  /** What an answer with this status says. */
  description: string;
  example: Problem;
}

function said(description: string, error: DomainError): ProblemStatus {
  return { description, example: problemOf(error, 'req-1f0e7f0c').body };
}

/** The errors that routes of many kinds have in common. */
export const PROBLEMS: Readonly<Record<number, ProblemStatus>> = {
  400: said(
    'Broken JSON or percent-encoding',
    new DomainError(400, 'Broken JSON', 'The body is not valid JSON.'),
  ),
  401: said(
    'A key is needed, or this one is unknown or revoked',
    new DomainError(401, 'Unauthorized', 'This key is unknown or was revoked.'),
  ),
  403: said(
    'The key has another scope, or is not for this user',
    new DomainError(403, 'Not allowed', 'This key is not for this user.'),
  ),
  404: said('There is none', new DomainError(404, 'Not found', 'This user has no memory with this id.')),
  409: said(
    'Conflict with what is stored, or the same request is in flight',
    new DomainError(
      409,
      'Request in flight',
      'The first request with this Idempotency-Key is still being answered. Try again in a moment.',
    ),
  ),
  410: said(
    'The user was erased',
    new DomainError(
      410,
      'User erased',
      'This user was erased: nothing is stored for them until the time of refusal (ERASE_TOMBSTONE_HOURS) is over. Use another user_id, or wait.',
    ),
  ),
  413: said(
    'The body is too large',
    new DomainError(
      413,
      'Body too large',
      'A JSON body may have at most 2097152 bytes. Send the messages in several requests.',
    ),
  ),
  415: said(
    'Another media type than this route takes',
    new DomainError(415, 'Unsupported media type', 'Send the body as Content-Type: application/json.'),
  ),
  422: said(
    'A field is wrong; `errors` says which',
    fieldErrors([{ path: 'user_id', message: 'is required' }]),
  ),
  429: said(
    'Too many requests; see `Retry-After`',
    new DomainError(
      429,
      'Too many requests',
      'The limit is 600 requests a minute for this key. Try again after 12 s.',
    ),
  ),
  503: said(
    'A part is out of reach; see `Retry-After`',
    new DomainError(
      503,
      'Service unavailable',
      'The record (Postgres) is out of reach. Try again in a moment.',
    ),
  ),
};
