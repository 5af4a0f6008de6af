import type { ImportStanding } from '../../../workflows/import.contract';

/** How an import of a hundred messages stands. */
export function importStanding(
  changes: Partial<Omit<ImportStanding, 'totals'>> & { pending?: number },
): ImportStanding {
  const { pending = 0, ...rest } = changes;
  return {
    status: 'running',
    finished: false,
    totals: {
      lines: 100,
      messages: 100,
      accepted: 100,
      duplicates: 0,
      rejected: 0,
      indexed: 100 - pending,
      failed: 0,
      pending,
    },
    conversationsInFlight: 3,
    ratePerSecond: 12.5,
    secondsLeft: 4,
    obstacle: null,
    ...rest,
  };
}
