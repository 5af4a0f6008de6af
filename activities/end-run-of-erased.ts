import { Context } from '@temporalio/activity';
import { isErased, type Owner } from '../src/record/erasures';
import type { ActivityDependencies } from './dependencies';

/**
 * What was under way when a user was erased may start a run of theirs after the erasure has looked for runs; its history
 * and what it is found by name them. Such a run deletes itself: called by the first activity of every workflow of a user.
 * @returns whether the user is erased, and the run with them
 * @throws UnavailableError('temporal') when it cannot be deleted now
 */
export async function endRunOfErased({ pool, runs }: ActivityDependencies, owner: Owner): Promise<boolean> {
  if (!(await isErased(pool, owner))) return false;
  const { workflowExecution } = Context.current().info;
  if (workflowExecution) await runs.deleteRun(workflowExecution.workflowId, workflowExecution.runId);
  return true;
}
