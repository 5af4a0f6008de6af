import type { Pool } from 'pg';
import { EXPORT_FORMAT, type ExportLineType } from '../domain/export-line';
import { exportConversations, exportMade, exportMemories, exportMessages } from '../record/exports';
import { itemOf } from './wire';

/** One line of an export. */
export interface ExportLine {
  type: ExportLineType;
  user_id: string;
  [field: string]: unknown;
}

/** Everything of a user, a page in memory at a time; nothing at all of somebody unknown. */
export async function* exportLines(
  pool: Pool,
  owner: { namespace: string; userId: string },
): AsyncGenerator<ExportLine> {
  const user_id = owner.userId;
  let any = false;
  const line = function* (type: ExportLineType, fields: object): Generator<ExportLine> {
    if (!any) yield { type: 'user', user_id, format: EXPORT_FORMAT, exported_at: new Date().toISOString() };
    any = true;
    yield { type, user_id, ...fields };
  };
  for await (const conversation of exportConversations(pool, owner)) {
    const { conversationId: conversation_id, ingestion, retrieval, createdAt } = conversation;
    const policy = { ingestion: snake(ingestion), retrieval: snake(retrieval) };
    yield* line('conversation', { conversation_id, created_at: createdAt.toISOString(), policy });
    for await (const message of exportMessages(pool, owner, conversation_id)) {
      yield* line('message', {
        conversation_id,
        message_id: message.messageId,
        role: message.role,
        ...(message.name === null ? {} : { name: message.name }),
        content: message.content,
        // A message without a time of its own was said when it came in: where it goes, that is the time it is given.
        timestamp: (message.timestamp ?? message.storedAt).toISOString(),
        ...(Object.keys(message.metadata).length > 0 ? { metadata: message.metadata } : {}),
      });
    }
  }
  for await (const { memory, expiresAt } of exportMemories(pool, owner)) {
    // Below a name of its own: a memory has a `type` too.
    const { score: _, relevance: __, matches: ___, ...item } = itemOf(memory);
    const expires = expiresAt === null ? {} : { expires_at: expiresAt.toISOString() };
    yield* line('memory', { tier: memory.tier, ...expires, memory: item });
  }
  for (const kind of ['summary', 'persona'] as const)
    for await (const row of exportMade(pool, owner, kind)) yield* line(kind, { [kind]: row });
}

/** `flushIntervalMs` as the contract says it, in seconds; all else by its name. */
function snake(policy: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(policy).map(([name, value]) =>
      name === 'flushIntervalMs'
        ? ['flush_interval_seconds', Number(value) / 1_000]
        : [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value as unknown],
    ),
  );
}
