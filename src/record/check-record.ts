import type { Pool } from 'pg';
import { UnavailableError } from '../domain/errors';
import { run, takesNoWrites, transaction } from './pool';

const HINT = 'see MemoriesRecordDown in docs/runbook.md.';

/** The least that a sort may take before it goes to disk. */
const STATE = {
  name: 'record-state',
  text: `SELECT current_setting('transaction_read_only') = 'on' AS read_only, set_config('work_mem', '64kB', true)`,
};
// A write to a table would find room in a page it has; this one needs new blocks, leaves nothing behind, and costs no log.
const SPILL = {
  name: 'record-spill',
  text: `SELECT count(*) FROM (SELECT md5(i::text) AS digest FROM generate_series(1, 4096) AS i ORDER BY digest) AS sorted`,
};

/**
 * Resolves when Postgres takes writes: it is not read-only (a standby, or told so), and its disk has room, which it is
 * asked by a sort of some hundred kilobytes that does not fit into memory.
 * @throws UnavailableError saying what to do
 */
export async function checkRecordWritable(pool: Pool): Promise<void> {
  try {
    await transaction(pool, async (client) => {
      const { rows } = await run<{ read_only: boolean }>(client, STATE);
      if (rows[0]!.read_only)
        throw new UnavailableError('postgres', `Postgres answers, but is read-only: ${HINT}`);
      await run(client, SPILL);
    });
  } catch (thrown) {
    if (!(thrown instanceof UnavailableError) || !takesNoWrites(thrown.cause ?? thrown)) throw thrown;
    throw new UnavailableError('postgres', `Postgres answers, but has no room: ${HINT} ${thrown.message}`, {
      cause: thrown,
    });
  }
}
