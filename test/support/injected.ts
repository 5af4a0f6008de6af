import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { ConversationRef } from '../../src/domain/message';
import { saveInjections } from '../../src/record/injections';
import { acceptMessages } from '../../src/record/messages';
import { transaction } from '../../src/record/pool';

/** Stores one message and what it is answered with, in one transaction, as the orchestrator does. */
export async function storeInjected(
  on: Pool | PoolClient,
  ref: ConversationRef,
  contents: readonly string[],
): Promise<void> {
  const work = async (client: PoolClient): Promise<void> => {
    const message = {
      messageId: randomUUID(),
      role: 'user' as const,
      content: 'What do you know?',
      name: null,
      timestamp: null,
      metadata: {},
      forcedPersona: null,
    };
    const [accepted] = await acceptMessages(client, ref, [message]);
    const injections = contents.map((content) => ({
      seq: accepted!.seq,
      injection: {
        memoryId: randomUUID(),
        content,
        source: 'short_term' as const,
        channel: 'inline',
        score: 0.9,
        metadata: { layer: 'short-term' as const, conversation_id: ref.conversationId },
      },
      sourceConversationId: null,
      sourceMessageIds: [],
      citedMemoryIds: [],
    }));
    await saveInjections(client, ref, injections);
  };
  await ('release' in on ? work(on) : transaction(on, work));
}
