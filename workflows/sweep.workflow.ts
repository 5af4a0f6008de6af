import { proxyActivities } from '@temporalio/workflow';
import type { SweepActivities, SweepResult } from './sweep.contract';

/** A sweep that finds more than this many pages leaves the rest to the next one, so that its history stays short. */
const MAX_PAGES = 10;

const { announceMissed } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '1 minute',
  // The schedule comes again: a sweep that cannot do its work should fail where people see it, and make way.
  scheduleToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumAttempts: 5 },
  summary: 'announce what was missed',
});

/** Run by a schedule: tells conversations of messages whose announcement was lost. */
export async function sweep(): Promise<SweepResult> {
  const total: SweepResult = { announced: 0, more: true };
  for (let page = 0; page < MAX_PAGES && total.more; page += 1) {
    const found = await announceMissed();
    total.announced += found.announced;
    total.more = found.more;
  }
  return total;
}
