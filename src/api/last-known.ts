import { UnavailableError } from '../domain/errors';

/** A failed look is not repeated for each of the requests that come meanwhile. */
const RETRY_AFTER_MS = 1_000;

export interface LastKnownOptions<T> {
  load(): Promise<T>;
  /** A value is taken for true for so long. */
  freshMs: number;
  /** While the record is out of reach the last value counts for so long. */
  staleMs: number;
  nowMs?: () => number;
}

/** A value of the record, looked up again when it is asked for and no longer fresh: one look at a time. */
export class LastKnown<T> {
  private known: { value: T; atMs: number } | null = null;
  private failure: { error: UnavailableError; atMs: number } | null = null;
  private loading: Promise<T> | null = null;

  constructor(private readonly options: LastKnownOptions<T>) {}

  /** @throws UnavailableError when the record is out of reach, and has been for longer than the last value counts */
  async get(): Promise<T> {
    const { freshMs, staleMs } = this.options;
    const now = this.now();
    if (this.known && now - this.known.atMs < freshMs) return this.known.value;
    const waits = this.failure !== null && now - this.failure.atMs < RETRY_AFTER_MS;
    try {
      if (waits) throw this.failure!.error;
      this.loading ??= this.load();
      return await this.loading;
    } catch (thrown) {
      if (!(thrown instanceof UnavailableError)) throw thrown;
      if (this.known && now - this.known.atMs < staleMs) return this.known.value;
      throw thrown;
    }
  }

  private async load(): Promise<T> {
    const asked = this.now();
    try {
      const value = await this.options.load();
      this.known = { value, atMs: asked };
      this.failure = null;
      return value;
    } catch (thrown) {
      if (thrown instanceof UnavailableError) this.failure = { error: thrown, atMs: this.now() };
      throw thrown;
    } finally {
      this.loading = null;
    }
  }

  private now(): number {
    return this.options.nowMs?.() ?? performance.now();
  }
}
