import { patched, sleep } from '@temporalio/workflow';
import { conversation as today } from '../../../workflows/conversation.workflow';
import type { ConversationInput } from '../../../workflows/conversation.contract';

export * from '../../../workflows';

/** The workflows of a later release, as ARCHITECTURE asks of it: one more step at the start, behind a patch. */
export async function conversation(input: ConversationInput): Promise<void> {
  if (patched('a-step-more')) await sleep(1);
  return today(input);
}
