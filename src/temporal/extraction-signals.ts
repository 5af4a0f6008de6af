import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import {
  EXTRACTION_WORKFLOW,
  WINDOWS_DUE_SIGNAL,
  type ExtractionInput,
} from '../../workflows/extraction.contract';
import { MEM_CONVERSATION_ID, MEM_PHASE, MEM_USER_ID } from '../../workflows/search-attributes.contract';
import { ensureError } from '../domain/errors';
import { extractionWorkflowId } from '../domain/ids';
import type { ConversationRef } from '../domain/message';
import { IMPORT_PRIORITY_KEY } from '../../workflows/priorities.contract';

/** Tells a conversation's extraction that there are windows to read. */
export interface ExtractionTeller {
  /** Starts the workflow if none runs. Never throws: what could not be told, the sweep tells. */
  tell(ref: ConversationRef): Promise<void>;
}

export interface ExtractionTellerOptions {
  client: Client;
  taskQueue: string;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
  logger: Logger;
}

/** See {@link ExtractionTeller}. */
export function createExtractionTeller(options: ExtractionTellerOptions): ExtractionTeller {
  const { client, taskQueue, deadlineMs, logger } = options;
  return {
    async tell(ref) {
      const input: ExtractionInput = { ref };
      try {
        await client.withDeadline(Date.now() + deadlineMs, () =>
          client.workflow.signalWithStart(EXTRACTION_WORKFLOW, {
            workflowId: extractionWorkflowId(ref),
            taskQueue,
            args: [input],
            signal: WINDOWS_DUE_SIGNAL,
            signalArgs: [],
            typedSearchAttributes: [
              { key: MEM_USER_ID, value: ref.userId },
              { key: MEM_CONVERSATION_ID, value: ref.conversationId },
              { key: MEM_PHASE, value: 'extracting' },
            ],
            staticSummary: 'Facts of a conversation, read by a language model',
            // Behind those whose messages are not even indexed.
            priority: { priorityKey: IMPORT_PRIORITY_KEY },
          }),
        );
      } catch (thrown) {
        logger.warn(
          { err: ensureError(thrown) },
          'Temporal could not be told of messages to read; the sweep will',
        );
      }
    },
  };
}
