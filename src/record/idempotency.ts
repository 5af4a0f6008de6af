import { run, type Queryable } from './pool';

export const KEEP_ANSWERS_HOURS = 24;
/** After this long a request in flight is taken for crashed and its key may be used again. */
export const IN_FLIGHT_LEASE_SECONDS = 120;

export interface IdempotentRequest {
  namespace: string;
  /** Method and route pattern. */
  route: string;
  key: string;
  /** Whose data the answer shows, so that erasing them forgets it too. */
  userId: string | null;
  bodyHash: string;
}

export type IdempotentStart =
  | { kind: 'started' }
  | { kind: 'replay'; status: number; response: unknown }
  | { kind: 'in_flight' }
  | { kind: 'other_body' };

const BEGIN = {
  name: 'begin-idempotent',
  text: `INSERT INTO idempotency_keys AS k (namespace, route, key, user_id, body_hash, locked_until, expires_at)
         VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 second', clock_timestamp() + $7 * interval '1 hour')
         ON CONFLICT (namespace, route, key) DO UPDATE
            SET user_id = excluded.user_id, body_hash = excluded.body_hash, locked_until = excluded.locked_until,
                expires_at = excluded.expires_at, status = NULL, response = NULL, voided = false
          WHERE k.expires_at < clock_timestamp()
             OR (k.status IS NULL AND k.locked_until < clock_timestamp() AND k.body_hash = excluded.body_hash)
         RETURNING 1`,
};

const LOOK = {
  name: 'look-idempotent',
  text: `SELECT body_hash, status, response FROM idempotency_keys WHERE namespace = $1 AND route = $2 AND key = $3`,
};

/** Claims a key for this request, or says what became of the request that has it. */
export async function beginIdempotent(on: Queryable, request: IdempotentRequest): Promise<IdempotentStart> {
  const { namespace, route, key, userId, bodyHash } = request;
  const claimed = await run(on, BEGIN, [
    namespace,
    route,
    key,
    userId,
    bodyHash,
    IN_FLIGHT_LEASE_SECONDS,
    KEEP_ANSWERS_HOURS,
  ]);
  if (claimed.rowCount === 1) return { kind: 'started' };
  const found = await run<{ body_hash: string; status: number | null; response: unknown }>(on, LOOK, [
    namespace,
    route,
    key,
  ]);
  const row = found.rows[0];
  // Released between the two statements: the caller is told to come again, which is always safe.
  if (!row) return { kind: 'in_flight' };
  if (row.body_hash !== bodyHash) return { kind: 'other_body' };
  return row.status === null
    ? { kind: 'in_flight' }
    : { kind: 'replay', status: row.status, response: row.response };
}

const FINISH = {
  name: 'finish-idempotent',
  text: `UPDATE idempotency_keys SET status = $4, response = $5
          WHERE namespace = $1 AND route = $2 AND key = $3 AND status IS NULL AND NOT voided`,
};
const RELEASE = {
  name: 'release-idempotent',
  text: `DELETE FROM idempotency_keys WHERE namespace = $1 AND route = $2 AND key = $3 AND status IS NULL`,
};

/** The row names its user: it must not outlive them. */
const ERASED_STATUS = 410;

/**
 * Keeps the answer for replays. Not a 5xx, so that the caller may try again with the same key; nor one that may show
 * what was deleted while it was made.
 */
export async function finishIdempotent(
  on: Queryable,
  request: Pick<IdempotentRequest, 'namespace' | 'route' | 'key'>,
  status: number,
  response: unknown,
): Promise<void> {
  const { namespace, route, key } = request;
  const kept =
    status < 500 &&
    status !== ERASED_STATUS &&
    (await run(on, FINISH, [namespace, route, key, status, JSON.stringify(response ?? null)])).rowCount === 1;
  if (!kept) await run(on, RELEASE, [namespace, route, key]);
}

const FORGET = {
  name: 'forget-idempotent',
  text: 'DELETE FROM idempotency_keys WHERE expires_at < clock_timestamp()',
};

/** Clears kept answers that are past their time. @returns how many */
export async function forgetExpiredAnswers(on: Queryable): Promise<number> {
  return (await run(on, FORGET)).rowCount ?? 0;
}
