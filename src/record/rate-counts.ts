import { run, type Queryable } from './pool';

/** Requests of one bucket in one window that this process has let through and not told of yet. */
export interface RateAddition {
  bucket: string;
  windowStartMs: number;
  requests: number;
}

/** What all processes together have counted. */
export interface SharedRate {
  bucket: string;
  windowStartMs: number;
  current: number;
  previous: number;
}

const ADD = {
  name: 'add-rate-counts',
  text: `WITH added AS (
           INSERT INTO rate_counts AS r (bucket, window_start, requests)
           SELECT b, w, n FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS t (b, w, n) ORDER BY b COLLATE "C", w
           ON CONFLICT (bucket, window_start) DO UPDATE SET requests = r.requests + excluded.requests
           RETURNING bucket, window_start, requests)
         SELECT a.bucket, a.window_start, a.requests, coalesce(p.requests, 0) AS previous
           FROM added a LEFT JOIN rate_counts p ON p.bucket = a.bucket AND p.window_start = a.window_start - $4`,
};

/** Adds counts, each bucket and window once. @returns the sums of all processes */
export async function addRateCounts(
  on: Queryable,
  additions: readonly RateAddition[],
  windowMs: number,
): Promise<SharedRate[]> {
  const values = [
    additions.map(({ bucket }) => bucket),
    additions.map(({ windowStartMs }) => windowStartMs),
    additions.map(({ requests }) => requests),
    windowMs,
  ];
  const { rows } = await run<{ bucket: string; window_start: number; requests: number; previous: number }>(
    on,
    ADD,
    values,
  );
  return rows.map((row) => ({
    bucket: row.bucket,
    windowStartMs: row.window_start,
    current: row.requests,
    previous: row.previous,
  }));
}

const FORGET = { name: 'forget-rate-counts', text: 'DELETE FROM rate_counts WHERE window_start < $1' };

/** Forgets windows that began before. */
export async function forgetRateCounts(on: Queryable, beforeMs: number): Promise<void> {
  await run(on, FORGET, [beforeMs]);
}
