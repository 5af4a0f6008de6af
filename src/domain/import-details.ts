import type { ImportStatus, ImportTotals } from './import';

/** What people read of an import in the Temporal UI, as markdown. */
export function importDetails(standing: {
  status: ImportStatus;
  totals: ImportTotals;
  conversationsInFlight: number;
  ratePerSecond: number | null;
  secondsLeft: number | null;
  obstacle: string | null;
}): string {
  const { status, totals, ratePerSecond: rate, secondsLeft, obstacle } = standing;
  const share =
    totals.accepted === 0 ? 100 : Math.floor((100 * (totals.indexed + totals.failed)) / totals.accepted);
  const lines = [
    `**${status.replaceAll('_', ' ')}**: ${share} % of ${totals.accepted} messages are indexed or failed`,
    `- ${totals.lines} lines: ${totals.accepted} messages accepted, ${totals.duplicates} known before, ${totals.rejected} lines rejected`,
    `- ${totals.indexed} indexed, ${totals.failed} failed, ${totals.pending} pending, ${standing.conversationsInFlight} conversations at work`,
  ];
  if (rate !== null)
    lines.push(`- ${rate.toFixed(1)} messages a second${secondsLeft ? `, about ${secondsLeft} s left` : ''}`);
  if (obstacle !== null) lines.push(`- waiting for ${obstacle}`);
  return lines.join('\n');
}
