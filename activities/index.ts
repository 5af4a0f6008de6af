import type { ConversationActivities } from '../workflows/conversation.contract';
import type { SweepActivities } from '../workflows/sweep.contract';
import { createAnnounceMissed } from './announce-missed';
import type { ActivityDependencies } from './dependencies';
import { createIngestBatches } from './ingest-batches';

export type { ActivityDependencies } from './dependencies';

export type Activities = ConversationActivities & SweepActivities;

/** Everything workflows can have done. Each activity may run twice, or half and then again, without harm. */
export function createActivities(dependencies: ActivityDependencies): Activities {
  return {
    ingestBatches: createIngestBatches(dependencies),
    announceMissed: createAnnounceMissed(dependencies),
  };
}
