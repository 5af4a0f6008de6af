import type { Memory } from '../../domain/memory';
import { OWN_METADATA } from '../../domain/metadata';
import { expiriesOfMemories } from '../../record/memory-owners';
import type { ApiDependencies } from '../dependencies';
import { KEPT_ENTITIES, entityOf } from './scope';
import type { Mem0Memory } from './schemas';
import { lastDayBefore } from './times';

const HIDDEN_METADATA = new Set<string>([...OWN_METADATA, ...KEPT_ENTITIES, 'conversation_ids']);

/** Memories of one user as mem0's clients read them, in their order. */
export async function mem0Memories(
  { pool }: Pick<ApiDependencies, 'pool'>,
  owner: { namespace: string; userId: string },
  memories: readonly Memory[],
): Promise<Mem0Memory[]> {
  const ids = memories.map((memory) => memory.id);
  const expiries = ids.length === 0 ? new Map<string, Date>() : await expiriesOfMemories(pool, owner, ids);
  return memories.map((memory) => mem0Memory(memory, expiries.get(memory.id) ?? null));
}

function mem0Memory(memory: Memory, expiresAt: Date | null): Mem0Memory {
  const { metadata } = memory;
  const { type, name } = entityOf(memory.userId);
  const run = textAt(metadata, 'run_id') ?? ownRun(memory);
  return {
    id: memory.id,
    memory: memory.content,
    user_id: type === 'user' ? name : null,
    agent_id: textAt(metadata, 'agent_id') ?? (type === 'agent' ? name : null),
    app_id: textAt(metadata, 'app_id') ?? (type === 'app' ? name : null),
    run_id: type === 'run' ? name : run,
    session_id: type === 'run' ? name : run,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !HIDDEN_METADATA.has(key))),
    categories: memory.personaTags,
    created_at: memory.createdAt.toISOString(),
    updated_at: memory.storedAt.toISOString(),
    expiration_date: expiresAt && lastDayBefore(expiresAt),
  };
}

/** Every conversation is a run, but for the one that takes what came without a run. */
function ownRun({ conversationId, userId }: Memory): string | null {
  return conversationId === userId ? null : conversationId;
}

function textAt(metadata: Record<string, unknown>, key: string): string | null {
  const value = metadata[key];
  return typeof value === 'string' ? value : null;
}

/** Only the fields that were asked for. */
export function withFields<T extends Mem0Memory>(
  memory: T,
  fields: readonly string[] | null | undefined,
): Partial<T> {
  if (!fields || fields.length === 0) return memory;
  const kept = Object.entries(memory).filter(
    ([key]) => key === 'id' || key === 'memory' || fields.includes(key),
  );
  return Object.fromEntries(kept) as Partial<T>;
}
