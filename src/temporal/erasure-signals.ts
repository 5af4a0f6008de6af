import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import { erasureWorkflowId } from '../domain/ids';
import { ERASE_WORKFLOW, type EraseInput } from '../../workflows/erase.contract';
import { MEM_PHASE } from '../../workflows/search-attributes.contract';
import { LIVE_PRIORITY_KEY } from '../../workflows/priorities.contract';

/** Has an erasure's workflow run. */
export interface ErasureTeller {
  /** Starts it if it does not run. Never throws: what could not be started, the sweep starts. */
  tell(erasure: EraseInput): Promise<void>;
}

export interface ErasureTellerOptions {
  client: Client;
  taskQueue: string;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
  logger: Logger;
}

/** See {@link ErasureTeller}. */
export function createErasureTeller(options: ErasureTellerOptions): ErasureTeller {
  const { client, taskQueue, deadlineMs, logger } = options;
  return {
    async tell({ namespace, userHash }) {
      const input: EraseInput = { namespace, userHash };
      const workflowId = erasureWorkflowId(userHash);
      try {
        await client.withDeadline(Date.now() + deadlineMs, () =>
          client.workflow.start(ERASE_WORKFLOW, {
            workflowId,
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue,
            args: [input],
            typedSearchAttributes: [{ key: MEM_PHASE, value: 'runs' }],
            staticSummary: 'Erase a user',
            staticDetails:
              'Deletes everything of one user: workflows’ histories, index, record. It knows them by a keyed hash alone.',
            priority: { priorityKey: LIVE_PRIORITY_KEY },
          }),
        );
      } catch (thrown) {
        logger.warn(
          { err: ensureError(thrown), workflowId },
          'Temporal could not be told of an erasure; the sweep will',
        );
      }
    },
  };
}
