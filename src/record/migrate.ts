import type { Pool, PoolClient, QueryConfig } from 'pg';
import { MIGRATIONS, type Migration } from './migrations';
import { retryOn } from './pool';

/** Any number; every process that migrates this schema must use the same. */
const MIGRATION_LOCK_KEY = 7_305_001;

/** While a migration waits for a table, everybody who comes later waits behind it: so it soon gives way, and tries again. */
const LOCK_TIMEOUT_MS = 2_000;
const A_DAY_MS = 86_400_000;
const MAX_TRIES = 20;
const RETRY_STEP_MS = 100;
/** SQLSTATEs of one that met others' locks: lock_not_available, deadlock_detected. */
const MET_LOCKS = new Set(['55P03', '40P01']);

/**
 * Brings the schema up to date: each migration once, in order, in a transaction of its own, under an advisory lock so
 * that several processes may start at once.
 * @returns the versions applied now; empty when the schema was up to date
 */
export async function migrate(pool: Pool, migrations: readonly Migration[] = MIGRATIONS): Promise<number[]> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    try {
      return await applyMissing(client, migrations);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK_KEY]);
    }
  } finally {
    client.release();
  }
}

async function applyMissing(client: PoolClient, migrations: readonly Migration[]): Promise<number[]> {
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const known = await client.query<{ version: number }>('SELECT version FROM schema_migrations');
  const applied = new Set(known.rows.map((row) => row.version));
  const missing = migrations.filter((migration) => !applied.has(migration.version));
  for (const migration of missing) {
    try {
      await retryOn(MET_LOCKS, () => applyOne(client, migration), {
        maxTries: MAX_TRIES,
        waitMs: (attempt) => RETRY_STEP_MS * attempt,
      });
    } catch (cause) {
      throw new Error(`migration ${migration.version} (${migration.name}) failed and was rolled back`, {
        cause,
      });
    }
  }
  return missing.map((migration) => migration.version);
}

/** Without the pool's deadline for an answer, as it is without Postgres' own; the driver knows the setting, its types do not. */
function atItsLeisure(text: string): QueryConfig {
  const statement = { text, query_timeout: A_DAY_MS };
  return statement;
}

async function applyOne(client: PoolClient, { version, name, sql }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    // What it does to large tables takes as long as it takes.
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = 0`);
    await client.query(atItsLeisure(sql));
    await client.query('INSERT INTO schema_migrations (version, name) VALUES ($1, $2)', [version, name]);
    await client.query('COMMIT');
  } catch (thrown) {
    await client.query('ROLLBACK');
    throw thrown;
  }
}
