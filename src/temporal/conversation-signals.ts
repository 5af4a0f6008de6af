import { WorkflowNotFoundError, type Client, type WorkflowSignalWithStartOptions } from '@temporalio/client';
import { conversationWorkflowId, sha256Hex } from '../domain/ids';
import type { ConversationRef } from '../domain/message';
import {
  CONVERSATION_WORKFLOW,
  MESSAGES_STORED_SIGNAL,
  POLICY_CHANGED_SIGNAL,
  RETRY_FAILED_SIGNAL,
  type ConversationInput,
  type MessagesStored,
} from '../../workflows/conversation.contract';
import {
  MEM_CONVERSATION_ID,
  MEM_PENDING,
  MEM_PHASE,
  MEM_USER_ID,
} from '../../workflows/search-attributes.contract';
import { IMPORT_PRIORITY_KEY, LIVE_PRIORITY_KEY } from '../../workflows/priorities.contract';

export interface ConversationStart {
  taskQueue: string;
  idleCloseMs: number;
  maxEvents: number;
  /** Started for an import alone: live conversations go first. */
  imported?: boolean;
}

/** Of 64 bytes that Temporal allows. */
const FAIRNESS_KEY_CHARS = 32;
/** Temporal refuses a summary above 400 bytes; ids are up to 200 characters of up to 4 bytes each. */
const SUMMARY_ID_CHARS = 45;

/** Says that messages are stored; starts the conversation's run if none is there. */
export async function signalMessagesStored(
  client: Client,
  start: ConversationStart,
  ref: ConversationRef,
  signal: MessagesStored,
): Promise<void> {
  await signalWithStart(client, start, ref, MESSAGES_STORED_SIGNAL, [signal]);
}

/** Says that failed messages were put back to work; starts the conversation's run if none is there. */
export async function signalRetryFailed(
  client: Client,
  start: ConversationStart,
  ref: ConversationRef,
): Promise<void> {
  await signalWithStart(client, start, ref, RETRY_FAILED_SIGNAL, []);
}

/** Says that the policy changed. Without a run nothing is pending, and the next one reads the policy anyway. */
export async function signalPolicyChanged(client: Client, ref: ConversationRef): Promise<void> {
  try {
    await client.workflow.getHandle(conversationWorkflowId(ref)).signal(POLICY_CHANGED_SIGNAL);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

async function signalWithStart(
  client: Client,
  start: ConversationStart,
  ref: ConversationRef,
  signal: string,
  signalArgs: unknown[],
): Promise<void> {
  const options: WorkflowSignalWithStartOptions<unknown[]> = {
    ...startOptions(start, ref),
    signal,
    signalArgs,
  };
  await client.workflow.signalWithStart(CONVERSATION_WORKFLOW, options);
}

function startOptions(start: ConversationStart, ref: ConversationRef) {
  const input: ConversationInput = { ref, idleCloseMs: start.idleCloseMs, maxEvents: start.maxEvents };
  return {
    workflowId: conversationWorkflowId(ref),
    taskQueue: start.taskQueue,
    args: [input],
    typedSearchAttributes: [
      { key: MEM_USER_ID, value: ref.userId },
      { key: MEM_CONVERSATION_ID, value: ref.conversationId },
      { key: MEM_PHASE, value: 'indexing' },
      { key: MEM_PENDING, value: 0 },
    ],
    staticSummary: `Conversation ${cut(ref.conversationId)} of ${cut(ref.userId)}`,
    staticDetails:
      'Batches this conversation’s messages and has them indexed. The texts are in Postgres; here are only their numbers. ' +
      'Ends after a long silence; the next message starts a new run.',
    // One user's flood must not hold up the others; activities inherit it.
    priority: {
      priorityKey: start.imported ? IMPORT_PRIORITY_KEY : LIVE_PRIORITY_KEY,
      fairnessKey: sha256Hex(JSON.stringify([ref.namespace, ref.userId])).slice(0, FAIRNESS_KEY_CHARS),
    },
  };
}

function cut(id: string): string {
  const characters = [...id];
  return characters.length <= SUMMARY_ID_CHARS
    ? id
    : `${characters.slice(0, SUMMARY_ID_CHARS - 1).join('')}…`;
}
