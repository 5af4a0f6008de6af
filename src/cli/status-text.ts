import type { ImportTotals } from '../domain/import';
import { count, facts } from './words';

/** What became of the messages, as far as it is known. */
export function statusFacts(totals: Partial<ImportTotals>): string {
  const number = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : count(value);
  return facts([
    ['messages', number(totals.messages)],
    ['accepted', number(totals.accepted)],
    ['duplicates', number(totals.duplicates)],
    ['rejected', number(totals.rejected)],
    ['searchable', number(totals.indexed)],
    ['failed', number(totals.failed)],
    ['pending', number(totals.pending)],
  ]);
}
