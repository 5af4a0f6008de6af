import {
  continueAsNew,
  defineQuery,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { addCounts } from '../src/domain/maintenance';
import {
  REINDEX_PROGRESS_QUERY,
  type ReindexActivities,
  type ReindexCounts,
  type ReindexInput,
} from './reindex.contract';

export const reindexProgress = defineQuery<ReindexCounts>(REINDEX_PROGRESS_QUERY);

/** A run that takes more pages goes on as new, so that its history stays short. */
const MAX_PAGES = 300;

const { reindexPage } = proxyActivities<ReindexActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  // No limit of attempts: a part that is down is waited out, and the next page begins where the last one ended.
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '30 seconds' },
  summary: 'bring some seconds’ worth of the index to what the record says',
});

/** Rebuilds the index from the record, or repairs it. @returns what was done */
export async function reindex(input: ReindexInput): Promise<ReindexCounts> {
  let counts = input.carried?.counts ?? { users: 0, memories: 0, written: 0, removed: 0 };
  let from = input.carried?.from ?? null;
  setHandler(reindexProgress, () => counts, { description: 'What was done so far' });
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const done = await reindexPage({ ...input, from });
    counts = addCounts(counts, done.counts) as ReindexCounts;
    setCurrentDetails(
      `${counts.users} users and ${counts.memories} memories gone through, ${counts.written} objects written, ${counts.removed} removed.`,
    );
    if (done.next === null) return counts;
    from = done.next;
  }
  return await continueAsNew<typeof reindex>({ ...input, carried: { counts, from: from! } });
}
