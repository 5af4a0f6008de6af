import type { Pool, PoolClient } from 'pg';
import { MIGRATIONS, type Migration } from './migrations';

/** Any number; every process that migrates this schema must use the same. */
const MIGRATION_LOCK_KEY = 7_305_001;

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
      await client.query('BEGIN');
      await client.query(migration.sql);
      await client.query('INSERT INTO schema_migrations (version, name) VALUES ($1, $2)', [
        migration.version,
        migration.name,
      ]);
      await client.query('COMMIT');
    } catch (cause) {
      await client.query('ROLLBACK');
      throw new Error(`migration ${migration.version} (${migration.name}) failed and was rolled back`, {
        cause,
      });
    }
  }
  return missing.map((migration) => migration.version);
}
