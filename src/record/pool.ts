import { Pool, types, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, ensureError, erasedUser } from '../domain/errors';

const INT8_OID = 20;
/** How long a connection is waited for. */
export const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** By then Postgres itself would have ended the statement: it hangs, or the network swallows what it says. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const MAX_TRANSACTION_TRIES = 5;
const RETRY_STEP_MS = 10;
/** SQLSTATEs: deadlock_detected, serialization_failure. */
const DEADLOCKED = new Set(['40P01', '40001']);

/**
 * Statements are short and prepared: planning each execution anew, or compiling it, costs more than running it (a
 * retrieval's widest statement took 3.6 ms to plan and 3.6 ms to run).
 */
const SESSION_OPTIONS = '-c plan_cache_mode=force_generic_plan -c jit=off';

// seqs and counts stay far below 2^53; strings would only invite "10" < "9".
types.setTypeParser(INT8_OID, Number);

/** What statements run on: the pool, or one connection inside a transaction. */
export type Queryable = Pick<Pool, 'query'> | Pick<PoolClient, 'query'>;

export interface PoolOptions {
  url: string;
  size: number;
  /** How long an answer is waited for. */
  answerTimeoutMs?: number;
  onError?: (error: Error) => void;
}

/** Opens the pool; connects lazily, so that a process boots with Postgres down. */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    // Postgres does not notice a vanished client by itself while it waits for a lock.
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'agentic-memories',
    options: SESSION_OPTIONS,
  });
  // Without a listener a lost idle connection would end the process …
  pool.on('error', (error) => options.onError?.(error));
  // … and so would one that is lost between two statements of a transaction, whose next statement says it anyway.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A statement prepared once a connection, by its name. */
export interface Statement {
  name: string;
  text: string;
}

/** Runs a prepared statement. @throws UnavailableError when Postgres is out of reach. */
export async function run<Row extends QueryResultRow>(
  on: Queryable,
  statement: Statement,
  values: unknown[] = [],
): Promise<QueryResult<Row>> {
  try {
    return await on.query<Row>({ name: statement.name, text: statement.text, values });
  } catch (thrown) {
    throw asRecordError(thrown);
  }
}

/**
 * Runs `work` in a transaction. A deadlock or serialization failure is retried (the locks' order makes them rare),
 * everything else rolls back and is thrown.
 */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return retryDeadlocks(() => once(pool, work, 'BEGIN'));
}

/** Runs reads that are to see the record as it was at one moment. */
export async function snapshot<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return once(pool, work, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

/** Does `work`, a whole transaction, again when it was the victim of a deadlock or a serialization failure. */
export function retryDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  return retryOn(DEADLOCKED, work, {
    maxTries: MAX_TRANSACTION_TRIES,
    waitMs: (attempt) => RETRY_STEP_MS * attempt * (1 + Math.random()),
  });
}

/** Does `work`, a whole transaction, again while it ends in one of these SQLSTATEs. */
export async function retryOn<T>(
  states: ReadonlySet<string>,
  work: () => Promise<T>,
  { maxTries, waitMs }: { maxTries: number; waitMs: (attempt: number) => number },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (!states.has(sqlState(thrown) ?? '') || attempt >= maxTries) throw thrown;
      await sleep(waitMs(attempt));
    }
  }
}

async function once<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, begin: string): Promise<T> {
  const client = await connect(pool);
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    if (saysNothing(thrown)) broken = ensureError(thrown);
    else
      await client.query('ROLLBACK').catch((error: unknown) => {
        broken = ensureError(error);
      });
    throw asRecordError(thrown);
  } finally {
    // A connection that could not roll back must not go back to the pool: its end rolls back.
    client.release(broken);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (thrown) {
    throw asRecordError(thrown);
  }
}

/** SQLSTATE of an error of Postgres, if it is one. */
export function sqlState(thrown: unknown): string | undefined {
  const code = (ensureError(thrown) as Error & { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

const DOWN_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
// 08 connection, 53 insufficient resources (disk full, too many connections), 57P0x shutting down or starting up, 25006 read-only.
const DOWN_STATES = /^(08|53|57P0|25006)/;
const NO_ANSWER = 'Query read timeout';
const DOWN_MESSAGES = new RegExp(
  `Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|${NO_ANSWER}`,
);

/** Whether a statement was not answered in time: nothing else need be asked on this connection. */
function saysNothing(thrown: unknown): boolean {
  return ensureError(thrown).message.includes(NO_ANSWER);
}

/** SQLSTATEs: disk_full, read_only_sql_transaction. */
const NO_WRITES = new Set(['53100', '25006']);

/** Whether Postgres says by this that it can be read and not written: its disk is full, or it is a standby. */
export function takesNoWrites(thrown: unknown): boolean {
  return NO_WRITES.has(sqlState(thrown) ?? '');
}

/** SQLSTATE of a write for an erased user (migration 8). */
const ERASED_USER_STATE = 'AM411';

/** Errors that mean "Postgres is out of reach" become UnavailableError, writes for erased users 410; others stay. */
export function asRecordError(thrown: unknown): Error {
  const error = ensureError(thrown);
  const code = sqlState(error);
  if (code === ERASED_USER_STATE) return erasedUser(error);
  const down =
    (code !== undefined && (DOWN_CODES.has(code) || DOWN_STATES.test(code))) ||
    DOWN_MESSAGES.test(error.message);
  if (!down) return error;
  const what = takesNoWrites(error) ? 'takes no writes' : 'is out of reach';
  return new UnavailableError('postgres', `Postgres ${what}: ${error.message}`, { cause: error });
}
