import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { DomainError, UnavailableError, ensureError } from '../domain/errors';
import { uuidV5 } from '../domain/ids';
import { beginIdempotent, finishIdempotent, type IdempotentRequest } from '../record/idempotency';
import { idProblem } from './schemas/fields';
import { fieldErrors, problemOf } from './problem';
import type { Answer, RequestContext } from './route';

/** An in-flight request is mostly done within the wait for a flush. */
const IN_FLIGHT_RETRY_SECONDS = 2;

/** The `Idempotency-Key` of a request, if it has one. @throws DomainError 422 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header);
  const message = idProblem(key);
  if (message) throw fieldErrors([{ path: 'Idempotency-Key', message }]);
  return key;
}

/** What makes two requests the same: the path and its query, who asks where that matters, the body's bytes. */
export function requestHash(target: string, rawBody: Buffer, askedBy = ''): string {
  const head = askedBy === '' ? target : `${target} ${askedBy}`;
  return createHash('sha256').update(head).update('\n').update(rawBody).digest('hex');
}

/** Ids for a request's messages, the same whenever the same request is run. */
export function messageIdsOf(request: IdempotentRequest): () => string {
  let place = 0;
  return () => uuidV5([request.namespace, request.route, request.key, request.bodyHash, place++]);
}

/**
 * Runs `work` once for a key: its first answer is kept and replayed. Answers of 5xx are not kept, so that the caller
 * may try again; a claim whose process died runs out by itself.
 */
export async function once(
  pool: Pool,
  request: IdempotentRequest,
  context: RequestContext,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer; replayed: boolean }> {
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
