import { judgeRate, windowStart } from './rate-limit';

const policy = { limit: 10, windowMs: 60_000 };

it.each([
  // previous, current, into the window; allowed, remaining, retry after
  [0, 0, 0, true, 9, 0],
  [0, 9, 30_000, true, 0, 0],
  [0, 10, 30_000, false, 0, 36],
  [10, 0, 0, false, 0, 6],
  [10, 0, 6_000, true, 0, 0],
  [10, 4, 30_000, true, 0, 0],
  [10, 5, 30_000, false, 0, 6],
  [0, 100, 59_000, false, 0, 56],
])('%i before, %i now, %i ms in: %p', (previous, current, nowMs, allowed, remaining, retryAfterSeconds) => {
  const verdict = judgeRate({ previous, current }, nowMs, policy);
  expect(verdict).toMatchObject({ allowed, remaining, retryAfterSeconds });
  if (allowed) return;
  // Whoever waits as told gets in.
  const then = nowMs + retryAfterSeconds * 1_000;
  const counts =
    windowStart(then, policy.windowMs) === windowStart(nowMs, policy.windowMs)
      ? { previous, current }
      : { previous: current, current: 0 };
  expect(judgeRate(counts, then, policy).allowed).toBe(true);
});
