import { Client } from 'pg';
import { poll } from '../support/poll';
import type { BenchStack } from './bench-stack';

const SETTLE_DEADLINE_MS = 20 * 60_000;
const LOOK_EVERY_MS = 250;

/** Waits until nothing is pending, so that one figure's work does not weigh on the next. */
export async function settle(stack: BenchStack): Promise<void> {
  await withRecord(stack, (record) =>
    poll(
      'everything is indexed',
      SETTLE_DEADLINE_MS,
      async () => {
        const result = await record.query(
          'SELECT 1 FROM conversations WHERE indexed_through < appended_through LIMIT 1',
        );
        return result.rowCount === 0;
      },
      LOOK_EVERY_MS,
    ),
  );
}

/** Does something with a connection of its own to the stack's record. */
export async function withRecord<T>(stack: BenchStack, work: (record: Client) => Promise<T>): Promise<T> {
  const record = new Client({ connectionString: stack.env['DATABASE_URL'] });
  await record.connect();
  try {
    return await work(record);
  } finally {
    await record.end();
  }
}
