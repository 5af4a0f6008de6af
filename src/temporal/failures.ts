import {
  ApplicationFailure,
  ApplicationFailureCategory,
  TemporalFailure,
  type ApplicationFailureOptions,
} from '@temporalio/common';
import { CompleteAsyncError, log } from '@temporalio/activity';
import { DomainError, RefusedError, UnavailableError, ensureError } from '../domain/errors';

/** Deeper causes say nothing more, and a cause may even be its own. */
const MAX_CAUSES = 5;

/**
 * What an activity throws, as Temporal should treat it. A part that is away is retried, quietly and when that part asked
 * to be; a refusal is final; what we do not know stays retryable, since a bug's fix arrives while the retries go on.
 * Failures are stored in histories, so their messages never quote a message's text: ours are written so, and of errors
 * that are not ours only the name and code are kept.
 */
export function toActivityFailure(thrown: unknown): Error {
  // Cancellation and Temporal's own failures already say how they are to be treated.
  if (thrown instanceof TemporalFailure || thrown instanceof CompleteAsyncError) return thrown;
  const error = ensureError(thrown);
  if (error instanceof UnavailableError) {
    return failureOf(error, error.message, {
      category: ApplicationFailureCategory.BENIGN,
      details: [{ service: error.service }],
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  if (isOurs(error)) return failureOf(error, error.message, { nonRetryable: true });
  return failureOf(error, describeForeign(error), {});
}

/** Wraps every activity, so that none of them can let an unmapped error out. */
export function withFailureMapping<Activities extends object>(activities: Activities): Activities {
  const mapped: Record<string, unknown> = {};
  for (const [name, activity] of Object.entries(activities)) {
    mapped[name] = async (...args: unknown[]): Promise<unknown> => {
      try {
        return await (activity as (...args: unknown[]) => Promise<unknown>)(...args);
      } catch (thrown) {
        const failure = toActivityFailure(thrown);
        // The failure leaves out what a foreign error says; here is the one place that keeps it.
        if (failure !== thrown && failure.message !== ensureError(thrown).message) {
          log.error(`activity ${name} failed`, { error: thrown });
        }
        throw failure;
      }
    };
  }
  return mapped as Activities;
}

function isOurs(error: Error): boolean {
  return error instanceof UnavailableError || error instanceof RefusedError || error instanceof DomainError;
}

function failureOf(
  error: Error,
  message: string,
  options: Omit<ApplicationFailureOptions, 'message' | 'type' | 'cause'>,
  depth = 0,
): ApplicationFailure {
  const hasCause = error.cause !== undefined && depth < MAX_CAUSES;
  const cause = hasCause ? ensureError(error.cause) : undefined;
  const failure = ApplicationFailure.create({
    ...options,
    message,
    type: error.name,
    ...(cause
      ? { cause: failureOf(cause, isOurs(cause) ? cause.message : describeForeign(cause), {}, depth + 1) }
      : {}),
  });
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  failure.stack = [`${error.name}: ${message}`, ...frames].join('\n');
  return failure;
}

/** Which error it is, without its message: drivers quote values in theirs. */
function describeForeign(error: Error): string {
  const code = (error as { code?: unknown }).code;
  const codeText = typeof code === 'string' || typeof code === 'number' ? ` (${code})` : '';
  return `${error.name}${codeText}: the worker’s log has the details`;
}
