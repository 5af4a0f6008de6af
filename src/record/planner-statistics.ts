import type { Pool } from 'pg';
import { transaction } from './pool';

// Those of an expression in an index are kept under the index's name.
const CLEAR = `
  SELECT pg_clear_attribute_stats(s.schemaname, s.tablename, s.attname, s.inherited) FROM pg_stats s
   WHERE s.schemaname = current_schema() AND (s.tablename = $1::text
      OR s.tablename IN (SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indrelid = $1::text::regclass))`;

/**
 * Has Postgres forget what its planner knew of these tables and look at them anew: its statistics keep samples of what
 * is in a column (pg_stats: most_common_vals, histogram_bounds), also long after the rows are gone. ANALYZE alone keeps
 * the old ones where it finds no row any more. A planner sees the old statistics or the new ones, never none.
 * @param onTable called before each table
 */
export async function renewPlannerStatistics(
  pool: Pool,
  tables: readonly string[],
  onTable: () => void,
): Promise<void> {
  for (const table of tables) {
    onTable();
    try {
      await transaction(pool, async (client) => {
        await client.query(CLEAR, [table]);
        await client.query(`ANALYZE ${table}`);
      });
    } catch (thrown) {
      throw new Error(`what the planner knows of ${table} could not be renewed`, { cause: thrown });
    }
  }
}
