import type { ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../domain/errors';
import { sha256Hex } from '../domain/ids';
import { judgeRate, windowStart, type RateCounts, type RateVerdict } from '../domain/rate-limit';
import type { RateAddition, SharedRate } from '../record/rate-counts';
import type { Caller } from './access';

const WINDOW_MS = 60_000;
/** What the processes have counted they tell each other this often: so old may one's knowledge of the others be. */
const SHARE_EVERY_MS = 500;
const FORGET_EVERY_MS = WINDOW_MS;
const MAX_BUCKETS = 100_000;

export interface RateLimitsOptions {
  /** Requests a minute; 0: no limit. */
  perKey: number;
  /** Of one key for one user. */
  perUser: number;
  /** Of all callers without a key together. */
  keyless: number;
  /** Adds to what all processes share. */
  share(additions: RateAddition[], windowMs: number): Promise<SharedRate[]>;
  forget(beforeMs: number): Promise<void>;
  /** The record was out of reach: each process counts for itself meanwhile. */
  onError(error: unknown): void;
}

interface Bucket extends RateCounts {
  windowStartMs: number;
  /** Part of `current` that is not shared yet. */
  unshared: number;
}

/**
 * Limits the rate of requests. Judging one touches memory alone; counts are shared through the record behind the
 * answers, so that N processes together let through at most what N-1 of them accept in half a second beyond the limit.
 */
export class RateLimits {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS });
  private readonly timer: NodeJS.Timeout | undefined;
  private sharing = false;
  private forgotAtMs = Date.now();

  constructor(private readonly options: RateLimitsOptions) {
    const { perKey, perUser, keyless } = options;
    if (perKey > 0 || perUser > 0 || keyless > 0)
      this.timer = setInterval(() => void this.share(), SHARE_EVERY_MS).unref();
  }

  /** Counts a request of a caller. @throws DomainError 429 */
  takeCaller({ keyId }: Caller, response: ServerResponse): void {
    const limit = keyId === null ? this.options.keyless : this.options.perKey;
    if (limit > 0) this.take('key', limit, keyId === null ? 'keyless' : `key:${keyId}`, response);
  }

  /** Counts a request for a user's data. @throws DomainError 429 */
  takeUser({ keyId, namespace }: Caller, userId: string, response: ServerResponse): void {
    const limit = this.options.perUser;
    if (limit === 0 || keyId === null) return;
    this.take('user', limit, `user:${sha256Hex(JSON.stringify([namespace, userId]))}`, response);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private take(policy: 'key' | 'user', limit: number, name: string, response: ServerResponse): void {
    const now = Date.now();
    const bucket = this.bucketAt(name, now);
    const verdict = judgeRate(bucket, now, { limit, windowMs: WINDOW_MS });
    if (verdict.allowed) {
      bucket.current += 1;
      bucket.unshared += 1;
    }
    tell(response, policy, limit, verdict);
    if (verdict.allowed) return;
    throw new DomainError(
      429,
      'Too many requests',
      `The limit is ${limit} requests a minute for this ${policy}. Try again after ${verdict.retryAfterSeconds} s.`,
      { retryAfterSeconds: verdict.retryAfterSeconds },
    );
  }

  private bucketAt(name: string, nowMs: number): Bucket {
    const start = windowStart(nowMs, WINDOW_MS);
    const known = this.buckets.get(name);
    if (known && known.windowStartMs === start) return known;
    const previous = known && known.windowStartMs === start - WINDOW_MS ? known.current : 0;
    const bucket = { windowStartMs: start, previous, current: 0, unshared: 0 };
    this.buckets.set(name, bucket);
    return bucket;
  }

  private async share(): Promise<void> {
    if (this.sharing) return;
    this.sharing = true;
    try {
      const told = new Map<string, { bucket: Bucket; count: number }>();
      for (const [name, bucket] of this.buckets.entries())
        if (bucket.unshared > 0) told.set(name, { bucket, count: bucket.unshared });
      if (told.size > 0) {
        const additions = [...told].map(([name, { bucket, count }]) => ({
          bucket: name,
          windowStartMs: bucket.windowStartMs,
          requests: count,
        }));
        for (const shared of await this.options.share(additions, WINDOW_MS)) {
          const { bucket, count } = told.get(shared.bucket)!;
          bucket.unshared -= count;
          bucket.current = shared.current + bucket.unshared;
          bucket.previous = shared.previous;
        }
      }
      await this.forget();
    } catch (error) {
      this.options.onError(error);
    } finally {
      this.sharing = false;
    }
  }

  private async forget(): Promise<void> {
    const now = Date.now();
    if (now - this.forgotAtMs < FORGET_EVERY_MS) return;
    this.forgotAtMs = now;
    await this.options.forget(windowStart(now, WINDOW_MS) - WINDOW_MS);
  }
}

/** The fields of draft-ietf-httpapi-ratelimit-headers, a policy each. */
function tell(response: ServerResponse, policy: string, limit: number, verdict: RateVerdict): void {
  if (response.headersSent) return;
  const seconds = WINDOW_MS / 1_000;
  append(response, 'RateLimit-Policy', `"${policy}";q=${limit};w=${seconds}`);
  append(response, 'RateLimit', `"${policy}";r=${verdict.remaining};t=${verdict.resetSeconds}`);
}

function append(response: ServerResponse, name: string, value: string): void {
  const before = response.getHeader(name);
  response.setHeader(name, before === undefined ? value : `${String(before)}, ${value}`);
}
