import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { addCounts, maintenanceDetails } from '../src/domain/maintenance';
import type { MaintenanceActivities, MaintenanceCounts, MaintenanceInput } from './maintenance.contract';

/** A run that takes more pages goes on as new, so that its history stays short. */
const MAX_PAGES = 300;

const { maintain } = proxyActivities<MaintenanceActivities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '1 minute',
  // The schedule comes again: a job that cannot do its work should fail where people see it, and make way.
  scheduleToCloseTimeout: '30 minutes',
  retry: { initialInterval: '1 second', maximumAttempts: 10 },
});

/** Runs one job to its end. @returns its counts */
export async function maintenance(input: MaintenanceInput): Promise<MaintenanceCounts> {
  let counts = input.carried?.counts ?? {};
  let from = input.carried?.next ?? null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const done = await maintain.executeWithOptions({ summary: input.job }, [{ ...input, from }]);
    counts = addCounts(counts, done.counts);
    setCurrentDetails(maintenanceDetails(input, counts));
    if (done.next === null) return counts;
    from = done.next;
  }
  return await continueAsNew<typeof maintenance>({ ...input, carried: { counts, next: from } });
}
