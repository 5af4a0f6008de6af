import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { renewPlannerStatistics } from '../../src/record/planner-statistics';

let pool: Pool;
beforeAll(() => (pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 })));
afterAll(() => pool.end());

async function withTable(rows: readonly string[], work: (table: string) => Promise<void>): Promise<void> {
  const table = `sampled_${randomUUID().replaceAll('-', '')}`;
  try {
    await pool.query(`CREATE TABLE ${table} (said text) WITH (autovacuum_enabled = off)`);
    await pool.query(`CREATE INDEX ${table}_lower ON ${table} (lower(said))`);
    await pool.query(`INSERT INTO ${table} SELECT unnest($1::text[])`, [rows]);
    await pool.query(`ANALYZE ${table}`);
    await work(table);
  } finally {
    await pool.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

async function known(table: string): Promise<string> {
  const { rows } = await pool.query<{ values: string }>(
    `SELECT concat(most_common_vals, histogram_bounds) AS values FROM pg_stats WHERE tablename LIKE $1`,
    [`${table}%`],
  );
  return rows.map((row) => row.values).join();
}

it('forgets what is gone and keeps to what is there, of columns and of what an index computes', () =>
  withTable(['Secret', 'Secret', 'Open', 'Open'], async (table) => {
    expect(await known(table)).toMatch(/Secret.*secret|secret.*Secret/);
    await pool.query(`DELETE FROM ${table} WHERE said = 'Secret'`);
    await renewPlannerStatistics(pool, [table], () => undefined);
    expect(await known(table)).not.toMatch(/secret/i);
    expect(await known(table)).toMatch(/Open.*open|open.*Open/);
  }));

it('forgets all of a table that is empty now, which ANALYZE alone does not', () =>
  withTable(['Secret', 'Secret'], async (table) => {
    await pool.query(`DELETE FROM ${table}`);
    await pool.query(`ANALYZE ${table}`);
    expect(await known(table)).toMatch(/Secret/);
    await renewPlannerStatistics(pool, [table], () => undefined);
    expect(await known(table)).not.toMatch(/secret/i);
  }));

it('names the table that could not be looked at', async () => {
  await expect(renewPlannerStatistics(pool, ['no_such_table'], () => undefined)).rejects.toThrow(
    /what the planner knows of no_such_table/,
  );
});
