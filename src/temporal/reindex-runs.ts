import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { UnavailableError, ensureError } from '../domain/errors';
import { reindexWorkflowId } from '../domain/ids';
import {
  REINDEX_PROGRESS_QUERY,
  REINDEX_WORKFLOW,
  type ReindexCounts,
  type ReindexInput,
} from '../../workflows/reindex.contract';
import { MEM_PHASE, MEM_USER_ID } from '../../workflows/search-attributes.contract';
import { IMPORT_PRIORITY_KEY } from '../../workflows/priorities.contract';

type Scope = Pick<ReindexInput, 'namespace' | 'userId'>;

/** How the latest reindex of a scope stands. */
export interface ReindexStanding {
  status: 'running' | 'completed' | 'failed';
  /** Null: nobody is there to tell. */
  counts: ReindexCounts | null;
}

/** Reindexes, one at a time for a scope. Both throw UnavailableError('temporal') when it is out of reach. */
export interface Reindexing {
  /** Starts one, unless one of the same scope runs. @returns the workflow's id */
  start(input: ReindexInput): Promise<string>;
  /** Null: there was none, or it is long ago. */
  standing(scope: Scope): Promise<ReindexStanding | null>;
}

/** @param options deadlineMs of one call to Temporal */
export function createReindexing(options: {
  client: Client;
  taskQueue: string;
  deadlineMs: number;
}): Reindexing {
  const { client, taskQueue, deadlineMs } = options;
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await client.withDeadline(Date.now() + deadlineMs, work);
    } catch (thrown) {
      if (thrown instanceof WorkflowNotFoundError) throw thrown;
      throw new UnavailableError('temporal', 'Temporal cannot be asked about a reindex', { cause: thrown });
    }
  };
  return {
    async start(input) {
      const workflowId = reindexWorkflowId(input.namespace, input.userId);
      await call(() =>
        client.workflow.start(REINDEX_WORKFLOW, {
          workflowId,
          workflowIdConflictPolicy: 'USE_EXISTING',
          taskQueue,
          args: [input],
          typedSearchAttributes: [
            { key: MEM_PHASE, value: 'reindexing' },
            ...(input.userId === null ? [] : [{ key: MEM_USER_ID, value: input.userId }]),
          ],
          staticSummary: 'Rebuild the index from the record',
          priority: { priorityKey: IMPORT_PRIORITY_KEY },
        }),
      );
      return workflowId;
    },
    async standing({ namespace, userId }) {
      const handle = client.workflow.getHandle(reindexWorkflowId(namespace, userId));
      try {
        const { status } = await call(() => handle.describe());
        if (status.name === 'COMPLETED')
          return { status: 'completed', counts: (await call(() => handle.result())) as ReindexCounts };
        if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW')
          return { status: 'failed', counts: null };
        // A query needs a worker: without one it runs all the same, as far as anybody knows.
        const counts = await call(() => handle.query<ReindexCounts>(REINDEX_PROGRESS_QUERY)).catch(
          (thrown: unknown) => {
            if (ensureError(thrown) instanceof UnavailableError) return null;
            throw thrown;
          },
        );
        return { status: 'running', counts };
      } catch (thrown) {
        if (thrown instanceof WorkflowNotFoundError) return null;
        throw thrown;
      }
    },
  };
}
