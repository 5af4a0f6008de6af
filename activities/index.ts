import type { ConversationActivities } from '../workflows/conversation.contract';
import type { ExtractionActivities } from '../workflows/extraction.contract';
import type { ImportActivities } from '../workflows/import.contract';
import type { MaintenanceActivities } from '../workflows/maintenance.contract';
import type { EraseActivities } from '../workflows/erase.contract';
import type { ReindexActivities } from '../workflows/reindex.contract';
import type { SweepActivities } from '../workflows/sweep.contract';
import type { TiersActivities } from '../workflows/tiers.contract';
import { createAdvanceImport } from './advance-import';
import { createAnnounceMissed } from './announce-missed';
import type { ActivityDependencies } from './dependencies';
import { createEraseActivities } from './erase-user';
import { createExtraction } from './extract-window';
import { createIngestBatches } from './ingest-batches';
import { createMaintain } from './maintain';
import { createRefreshSummaries } from './refresh-summaries';
import { createReindexPage } from './reindex';
import { createTellByModel } from './tell-by-model';

export type { ActivityDependencies } from './dependencies';

export type Activities = ConversationActivities &
  EraseActivities &
  ExtractionActivities &
  ImportActivities &
  MaintenanceActivities &
  ReindexActivities &
  SweepActivities &
  TiersActivities;

/** Everything workflows can have done. Each activity may run twice, or half and then again, without harm. */
export function createActivities(dependencies: ActivityDependencies): Activities {
  return {
    ...createExtraction(dependencies),
    ingestBatches: createIngestBatches(dependencies),
    advanceImport: createAdvanceImport(dependencies),
    announceMissed: createAnnounceMissed(dependencies),
    maintain: createMaintain(dependencies),
    reindexPage: createReindexPage(dependencies),
    ...createEraseActivities(dependencies),
    refreshSummaries: createRefreshSummaries(dependencies),
    ...createTellByModel(dependencies),
  };
}
