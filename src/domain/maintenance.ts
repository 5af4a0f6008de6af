type Counts = Record<string, number>;

/** Key by key. */
export function addCounts(a: Counts, b: Counts): Counts {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** What people read of a maintenance run in the Temporal UI. */
export function maintenanceDetails(input: { job: string; dryRun: boolean }, counts: Counts): string {
  const told = Object.entries(counts)
    .map(([key, count]) => `${count} ${key}`)
    .join(', ');
  return `**${input.job}**${input.dryRun ? ' (dry run: nothing was changed)' : ''}: ${told || 'nothing to do'}`;
}
