import { log, proxyActivities, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { EraseActivities, EraseInput, EraseResult } from './erase.contract';
import { MEM_PHASE } from './search-attributes.contract';

/** Announcements that were under way when the user was erased have started their runs by then. */
const STRAGGLERS_AFTER = '5 seconds';

const { deleteUserRuns, removeUserFromIndex, deleteUserRecords, finishErasure } =
  proxyActivities<EraseActivities>({
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '30 seconds',
    // No limit of attempts: a part that is down is waited out, and the user's writes are refused meanwhile.
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '30 seconds' },
  });
const { reclaimSpace } = proxyActivities<EraseActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumAttempts: 3 },
});

/**
 * Erases a user everywhere: the runs of their workflows first, so that nothing works on what is being deleted, then the
 * index, the record, and once more the runs that late announcements have started.
 */
export async function eraseUser(input: EraseInput): Promise<EraseResult> {
  const result: EraseResult = { runs: 0, rows: 0 };
  const begin = (phase: string, sentence: string): void => {
    upsertSearchAttributes([{ key: MEM_PHASE, value: phase }]);
    setCurrentDetails(`${sentence}\n\nSo far: ${result.runs} runs and ${result.rows} rows deleted.`);
  };
  begin('runs', 'Ending and deleting the runs of this user’s workflows.');
  result.runs += await deleteUserRuns(input);
  begin('index', 'Removing this user’s tenant from the index.');
  await removeUserFromIndex(input);
  begin('record', 'Deleting this user’s rows.');
  result.rows += await deleteUserRecords(input);
  begin('stragglers', 'Looking once more for what was under way when it began.');
  await sleep(STRAGGLERS_AFTER, { summary: 'let late announcements arrive' });
  result.runs += await deleteUserRuns(input);
  result.rows += await deleteUserRecords(input);
  await finishErasure(input);
  begin('erased', 'Nothing of this user is left; a keyed hash of the id remembers the erasure.');
  try {
    await reclaimSpace();
  } catch (error) {
    log.warn('the space of deleted rows was not reclaimed; autovacuum will', { error });
  }
  return result;
}
