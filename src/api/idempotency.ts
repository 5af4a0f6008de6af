import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { DomainError, UnavailableError, ensureError } from '../domain/errors';
import { beginIdempotent, finishIdempotent } from '../record/idempotency';
import { idProblem } from './schemas/fields';
import { fieldErrors, problemOf } from './problem';
import type { Answer, RequestContext } from './route';

/** An in-flight request is mostly done within the wait for a flush. */
const IN_FLIGHT_RETRY_SECONDS = 2;

export interface IdempotencyClaim {
  /** Method and pattern of the route. */
  route: string;
  key: string;
  userId: string | null;
  /** Everything that makes the request what it is: the path and its query, then the body's bytes. */
  target: string;
  rawBody: Buffer;
}

/** The `Idempotency-Key` of a request, if it has one. @throws DomainError 422 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header);
  const message = idProblem(key);
  if (message) throw fieldErrors([{ path: 'Idempotency-Key', message }]);
  return key;
}

/**
 * Runs `work` once for a key: its first answer is kept and replayed. Answers of 5xx are not kept, so that the caller
 * may try again; a claim whose process died runs out by itself.
 */
export async function once(
  pool: Pool,
  claim: IdempotencyClaim,
  context: RequestContext,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer; replayed: boolean }> {
  const request = {
    namespace: context.namespace,
    route: claim.route,
    key: claim.key,
    userId: claim.userId,
    bodyHash: createHash('sha256').update(claim.target).update('\n').update(claim.rawBody).digest('hex'),
  };
  const start = await beginIdempotent(pool, request);
  if (start.kind === 'replay')
    return { answer: { status: start.status, body: start.response }, replayed: true };
  if (start.kind === 'other_body') {
    throw fieldErrors([
      { path: 'Idempotency-Key', message: 'was used with another request; use a new key for a new request' },
    ]);
  }
  if (start.kind === 'in_flight') {
    throw new DomainError(
      409,
      'Request in flight',
      'The first request with this Idempotency-Key is still being answered. Try again in a moment.',
      {
        retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS,
      },
    );
  }
  const finish = async (answer: Answer): Promise<void> => {
    try {
      await finishIdempotent(pool, request, answer.status, answer.body);
    } catch (error) {
      // What was done is done and has to be answered; the claim runs out by itself.
      context.log.warn(
        { err: ensureError(error), request_id: context.requestId },
        'could not keep an idempotent answer',
      );
    }
  };
  try {
    const answer = await work();
    await finish(answer);
    return { answer, replayed: false };
  } catch (error) {
    const { status, body } = problemOf(error, context.requestId);
    if (!(error instanceof UnavailableError && error.service === 'postgres')) await finish({ status, body });
    throw error;
  }
}
