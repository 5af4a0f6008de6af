import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import { importWorkflowId, type ImportRef } from '../domain/import';
import { IMPORT_CHANGED_SIGNAL, IMPORT_WORKFLOW, type ImportInput } from '../../workflows/import.contract';
import { MEM_PENDING, MEM_PHASE } from '../../workflows/search-attributes.contract';
import { IMPORT_PRIORITY_KEY } from '../../workflows/priorities.contract';

/** Tells an import's workflow that something has changed in the record. */
export interface ImportTeller {
  /** Starts the workflow if none runs. Never throws: what could not be told, the sweep tells. @returns whether it was told */
  tell(ref: ImportRef): Promise<boolean>;
}

export interface ImportTellerOptions {
  client: Client;
  taskQueue: string;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
  logger: Logger;
}

/** See {@link ImportTeller}. */
export function createImportTeller({
  client,
  taskQueue,
  deadlineMs,
  logger,
}: ImportTellerOptions): ImportTeller {
  return {
    async tell(ref) {
      const input: ImportInput = { namespace: ref.namespace, importId: ref.importId };
      try {
        await client.withDeadline(Date.now() + deadlineMs, () =>
          client.workflow.signalWithStart(IMPORT_WORKFLOW, {
            workflowId: importWorkflowId(ref.importId),
            taskQueue,
            args: [input],
            signal: IMPORT_CHANGED_SIGNAL,
            signalArgs: [],
            typedSearchAttributes: [
              { key: MEM_PHASE, value: 'receiving' },
              { key: MEM_PENDING, value: 0 },
            ],
            staticSummary: `Import ${ref.importId}`,
            staticDetails:
              'Lets the messages of an import go to their conversations’ workflows, some at a time. The texts are in Postgres; here are only their numbers.',
            priority: { priorityKey: IMPORT_PRIORITY_KEY },
          }),
        );
        return true;
      } catch (thrown) {
        logger.warn(
          { err: ensureError(thrown), importId: ref.importId },
          'Temporal could not be told of an import; the sweep will',
        );
        return false;
      }
    },
  };
}
