import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { importDetails } from '../src/domain/import-details';
import {
  IMPORT_CHANGED_SIGNAL,
  IMPORT_PROGRESS_QUERY,
  type ImportActivities,
  type ImportInput,
  type ImportStanding,
} from './import.contract';
import { MEM_PENDING, MEM_PHASE } from './search-attributes.contract';

export const importChanged = defineSignal(IMPORT_CHANGED_SIGNAL);
export const importProgress = defineQuery<ImportStanding | null>(IMPORT_PROGRESS_QUERY);

/** A paused import is looked at this often, in case a signal was lost. */
const LOOK_WHILE_PAUSED = '15 minutes';
const DEFAULT_MAX_EVENTS = 2_000;

const { advanceImport } = proxyActivities<ImportActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
  // No limit of attempts: a part that is down is waited out, and the messages are safe in the record meanwhile.
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '10 seconds' },
  summary: 'let held messages go, some conversations at a time',
});

/**
 * One import: lets its messages go to their conversations' workflows, which alone index them, until all are indexed or
 * failed. What it is to do (pause, cancel) is in the record; the signal only says that it has changed.
 */
export async function importMessages(input: ImportInput): Promise<ImportStanding> {
  let changes = 0;
  let changesSeen = -1;
  let standing: ImportStanding | null = null;
  setHandler(
    importChanged,
    () => {
      changes += 1;
    },
    { description: 'Something about the import has changed in the record: look at once' },
  );
  setHandler(importProgress, () => standing, { description: 'How the import stood a few seconds ago' });
  for (;;) {
    const briefly = changes > changesSeen;
    changesSeen = changes;
    standing = await advanceImport({ ...input, briefly });
    setCurrentDetails(importDetails(standing));
    publish(standing);
    if (standing.finished) return standing;
    if (standing.status === 'paused')
      await condition(() => changes > changesSeen, LOOK_WHILE_PAUSED, { summary: 'paused' });
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    // Nothing has to be carried: the record knows it all.
    if (continueAsNewSuggested || historyLength >= (input.maxEvents ?? DEFAULT_MAX_EVENTS))
      return await continueAsNew<typeof importMessages>(input);
  }
}

/** Each upsert is an event: only when something has changed. */
function publish(standing: ImportStanding): void {
  const published = workflowInfo().typedSearchAttributes;
  const { status, totals } = standing;
  if (published.get(MEM_PHASE) === status && published.get(MEM_PENDING) === totals.pending) return;
  upsertSearchAttributes([
    { key: MEM_PHASE, value: status },
    { key: MEM_PENDING, value: totals.pending },
  ]);
}
