/** So many requests in any window of this length, about. */
export interface RatePolicy {
  limit: number;
  windowMs: number;
}

/** Requests counted in the window before and in the one that runs. */
export interface RateCounts {
  previous: number;
  current: number;
}

export interface RateVerdict {
  allowed: boolean;
  /** How many more are allowed now, this one taken. */
  remaining: number;
  /** Until the running window ends. */
  resetSeconds: number;
  /** After which one more is allowed, if none comes meanwhile; 0 when this one is. */
  retryAfterSeconds: number;
}

const MS_A_SECOND = 1_000;

/**
 * Judges one more request by a sliding window: the window before counts by the share of it that still lies within one
 * window's length of now.
 */
export function judgeRate({ previous, current }: RateCounts, nowMs: number, policy: RatePolicy): RateVerdict {
  const { limit, windowMs } = policy;
  const elapsedMs = nowMs % windowMs;
  const used = previous * (1 - elapsedMs / windowMs) + current;
  const allowed = used + 1 <= limit;
  return {
    allowed,
    remaining: Math.max(0, Math.floor(limit - used - (allowed ? 1 : 0))),
    resetSeconds: Math.ceil((windowMs - elapsedMs) / MS_A_SECOND),
    retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(waitMs() / MS_A_SECOND)),
  };

  function waitMs(): number {
    const room = limit - 1;
    if (current <= room && previous > 0) return windowMs * (1 - (room - current) / previous) - elapsedMs;
    // The running window has to become the one before.
    return windowMs - elapsedMs + (current > 0 ? Math.max(0, windowMs * (1 - room / current)) : 0);
  }
}

/** The start of the window that runs at `nowMs`; the same in every process. */
export function windowStart(nowMs: number, windowMs: number): number {
  return nowMs - (nowMs % windowMs);
}
