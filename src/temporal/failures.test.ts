import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { DomainError, RefusedError, UnavailableError } from '../domain/errors';
import { toActivityFailure, withFailureMapping } from './failures';

const SECRET = 'what somebody said';
const asFailure = (thrown: unknown): ApplicationFailure => toActivityFailure(thrown) as ApplicationFailure;

describe('failures of activities', () => {
  it('retry what is away, quietly, when it asked to be', () => {
    const failure = asFailure(
      new UnavailableError('embedder', 'the embedder is busy', { retryAfterMs: 7_000 }),
    );
    expect(failure).toMatchObject({
      message: 'the embedder is busy',
      type: 'UnavailableError',
      nextRetryDelay: 7_000,
      category: ApplicationFailureCategory.BENIGN,
      details: [{ service: 'embedder' }],
    });
    expect(failure.nonRetryable).toBeFalsy();
  });

  it.each([new RefusedError('weaviate', 'refused'), new DomainError(410, 'Gone', 'the user was erased')])(
    'do not retry a refusal (%s)',
    (error) => {
      expect(asFailure(error)).toMatchObject({
        nonRetryable: true,
        type: error.name,
        message: error.message,
      });
    },
  );

  it('retry what nobody knows, and keep out of histories what it says', () => {
    const foreign = Object.assign(new TypeError(SECRET), { code: '22P02', detail: SECRET });
    const failure = asFailure(new UnavailableError('postgres', 'Postgres is away', { cause: foreign }));
    const unknown = asFailure(new Error(SECRET, { cause: foreign }));
    for (const one of [failure, unknown]) {
      expect(one.nonRetryable).toBeFalsy();
      expect(one.cause).toMatchObject({ type: 'TypeError' });
      for (let error: unknown = one; error instanceof Error; error = error.cause) {
        expect(`${error.message} ${error.stack}`).not.toContain(SECRET);
      }
    }
    expect(failure.cause?.message).toContain('22P02');
    expect(unknown.stack).toContain('failures.test');
  });

  it('survive an error that is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(asFailure(error)).toBeInstanceOf(ApplicationFailure);
  });

  it('leave alone what Temporal itself throws', async () => {
    const cancelled = new CancelledFailure('cancelled');
    expect(toActivityFailure(cancelled)).toBe(cancelled);
    const { work, fail } = withFailureMapping({
      work: async (n: number) => n + 1,
      fail: async () => {
        throw new RefusedError('llm', 'refused');
      },
    });
    await expect(work(1)).resolves.toBe(2);
    await expect(fail()).rejects.toMatchObject({ name: 'ApplicationFailure', nonRetryable: true });
  });
});
