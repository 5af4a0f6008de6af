import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import {
  MAINTENANCE_WORKFLOW,
  type MaintenanceCounts,
  type MaintenanceInput,
} from '../../workflows/maintenance.contract';
import { MEM_PHASE, MEM_USER_ID } from '../../workflows/search-attributes.contract';
import { DomainError, UnavailableError } from '../domain/errors';

export interface MaintenanceRun {
  workflowId: string;
  /** Null: not done within the wait. */
  counts: MaintenanceCounts | null;
}

/**
 * Runs a maintenance job now, beside its schedule.
 * @throws UnavailableError when Temporal is out of reach; DomainError 503, which names the workflow, when the job failed
 */
export type RunMaintenance = (input: MaintenanceInput, waitMs: number) => Promise<MaintenanceRun>;

export interface MaintenanceRunsOptions {
  client: Client;
  taskQueue: string;
  /** Deadline of the call that starts it. */
  deadlineMs: number;
}

/** See {@link RunMaintenance}. */
export function createRunMaintenance({
  client,
  taskQueue,
  deadlineMs,
}: MaintenanceRunsOptions): RunMaintenance {
  return async function runMaintenance(input, waitMs) {
    const workflowId = `${MAINTENANCE_WORKFLOW}:${input.job}:${randomUUID()}`;
    try {
      const handle = await client.withDeadline(Date.now() + deadlineMs, () =>
        client.workflow.start(MAINTENANCE_WORKFLOW, {
          workflowId,
          taskQueue,
          args: [input],
          typedSearchAttributes: [
            { key: MEM_PHASE, value: input.job },
            ...(input.userId === null ? [] : [{ key: MEM_USER_ID, value: input.userId }]),
          ],
          staticSummary: `Maintenance: ${input.job}${input.dryRun ? ' (dry run)' : ''}`,
        }),
      );
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), waitMs);
      try {
        const result = client.withAbortSignal(stop.signal, () => handle.result());
        return { workflowId, counts: (await result) as MaintenanceCounts };
      } catch (thrown) {
        if (stop.signal.aborted) return { workflowId, counts: null };
        throw thrown;
      } finally {
        clearTimeout(timer);
      }
    } catch (cause) {
      if (cause instanceof WorkflowFailedError)
        throw new DomainError(
          503,
          'Maintenance failed',
          `The job failed: the workflow ${workflowId} says why. What it had done stays; send the request again to go on.`,
          { cause },
        );
      throw new UnavailableError('temporal', 'Temporal cannot start the job', { cause });
    }
  };
}
