import type { Memory } from '../domain/memory';
import type { Turn } from '../domain/message';
import type { IngestionPolicy, RetrievalPolicy } from '../domain/policy';
import { LIVE_MEMORY, MEMORY_COLUMNS, memoryFromRow, type MemoryRow } from './memories';
import { run, type Queryable } from './pool';

const CONVERSATIONS_A_PAGE = 100;
const MESSAGES_A_PAGE = 500;
const MEMORIES_A_PAGE = 200;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

interface Owner {
  namespace: string;
  userId: string;
}

export interface ExportedConversation {
  conversationId: string;
  createdAt: Date;
  /** What the conversation itself has changed. */
  ingestion: Partial<IngestionPolicy>;
  retrieval: Partial<RetrievalPolicy>;
}

const CONVERSATIONS = {
  name: 'export-conversations',
  text: `SELECT conversation_id, created_at, ingestion_policy, retrieval_policy FROM conversations
          WHERE namespace = $1 AND user_id = $2 AND conversation_id > $3
          ORDER BY conversation_id LIMIT ${CONVERSATIONS_A_PAGE}`,
};

/** A user's conversations, in the order of their ids, page by page. */
export async function* exportConversations(
  on: Queryable,
  owner: Owner,
): AsyncGenerator<ExportedConversation> {
  for (let after = ''; ;) {
    const { rows } = await run<{
      conversation_id: string;
      created_at: Date;
      ingestion_policy: Partial<IngestionPolicy>;
      retrieval_policy: Partial<RetrievalPolicy>;
    }>(on, CONVERSATIONS, [owner.namespace, owner.userId, after]);
    for (const row of rows)
      yield {
        conversationId: row.conversation_id,
        createdAt: row.created_at,
        ingestion: row.ingestion_policy,
        retrieval: row.retrieval_policy,
      };
    if (rows.length < CONVERSATIONS_A_PAGE) return;
    after = rows.at(-1)!.conversation_id;
  }
}

// What was deleted as a memory must not come back by an import of its messages.
const MESSAGES = {
  name: 'export-messages',
  text: `SELECT m.seq, m.message_id, m.role, m.name, m.content, m.said_at, m.stored_at, m.metadata,
                coalesce(b.last_seq >= m.seq AND d.deleted_at IS NOT NULL, false) AS deleted
           FROM messages m
           LEFT JOIN LATERAL (
             SELECT last_seq, memory_id FROM batches
              WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND first_seq <= m.seq
              ORDER BY first_seq DESC LIMIT 1) b ON true
           LEFT JOIN memories d ON d.namespace = $1 AND d.user_id = $2 AND d.id = b.memory_id
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3 AND m.seq > $4
          ORDER BY m.seq LIMIT ${MESSAGES_A_PAGE}`,
};

export type ExportedMessage = Pick<
  Turn,
  'seq' | 'messageId' | 'role' | 'name' | 'content' | 'timestamp' | 'storedAt' | 'metadata'
>;

/** A conversation's messages in order, page by page; without those whose memory was deleted. */
export async function* exportMessages(
  on: Queryable,
  owner: Owner,
  conversationId: string,
): AsyncGenerator<ExportedMessage> {
  for (let after = 0; ;) {
    const { rows } = await run<{
      seq: number;
      message_id: string;
      role: Turn['role'];
      name: string | null;
      content: string;
      said_at: Date | null;
      stored_at: Date;
      metadata: Record<string, unknown>;
      deleted: boolean;
    }>(on, MESSAGES, [owner.namespace, owner.userId, conversationId, after]);
    for (const row of rows) {
      if (row.deleted) continue;
      yield {
        seq: row.seq,
        messageId: row.message_id,
        role: row.role,
        name: row.name,
        content: row.content,
        timestamp: row.said_at,
        storedAt: row.stored_at,
        metadata: row.metadata,
      };
    }
    if (rows.length < MESSAGES_A_PAGE) return;
    after = rows.at(-1)!.seq;
  }
}

const madeOf = (table: string, id: string) => ({
  name: `export-${table}`,
  text: `SELECT ${id} AS id, to_jsonb(t) - 'namespace' - 'user_id' AS row FROM ${table} t
          WHERE namespace = $1 AND user_id = $2 AND ${id} > $3 ORDER BY ${id} LIMIT ${MEMORIES_A_PAGE}`,
});
/** What was made of a user's memories, by the kind of its lines. */
const MADE = {
  summary: madeOf('summaries', 'id'),
  persona: madeOf('persona_states', 'snapshot_id'),
};

/** Rows of what was made of a user's memories, as they are, page by page. */
export async function* exportMade(
  on: Queryable,
  owner: Owner,
  kind: keyof typeof MADE,
): AsyncGenerator<Record<string, unknown>> {
  for (let after = BEFORE_ALL; ;) {
    const values = [owner.namespace, owner.userId, after];
    const { rows } = await run<{ id: string; row: Record<string, unknown> }>(on, MADE[kind], values);
    for (const { row } of rows) yield row;
    if (rows.length < MEMORIES_A_PAGE) return;
    after = rows.at(-1)!.id;
  }
}

const MEMORIES = {
  name: 'export-memories',
  text: `SELECT ${MEMORY_COLUMNS}, expires_at FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id > $3 AND ${LIVE_MEMORY} AND (tier <> 'raw' OR content_edited)
          ORDER BY id LIMIT ${MEMORIES_A_PAGE}`,
};

export interface ExportedMemory {
  memory: Memory;
  /** Null: it stays. */
  expiresAt: Date | null;
}

/** A user's memories that do not follow from messages alone, page by page. */
export async function* exportMemories(on: Queryable, owner: Owner): AsyncGenerator<ExportedMemory> {
  for (let after = BEFORE_ALL; ;) {
    const values = [owner.namespace, owner.userId, after];
    const { rows } = await run<MemoryRow & { expires_at: Date | null }>(on, MEMORIES, values);
    for (const row of rows) yield { memory: memoryFromRow(row), expiresAt: row.expires_at };
    if (rows.length < MEMORIES_A_PAGE) return;
    after = rows.at(-1)!.id;
  }
}
