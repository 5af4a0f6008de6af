import { z } from 'zod';
import { notFound } from '../../domain/errors';
import { textOfTurns } from '../../domain/message';
import { OWN_METADATA } from '../../domain/metadata';
import type { Memory } from '../../domain/memory';
import { deleteMemory } from '../../record/delete-memory';
import { changeMemory } from '../../record/facts';
import { getMemory } from '../../record/memories';
import { ownersOfMemories } from '../../record/memory-owners';
import { readTurns } from '../../record/messages';
import { transaction } from '../../record/pool';
import { TELL_SOON_MS } from '../../temporal/tiers-signals';
import { maySee } from '../access';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { defineRoute, type RequestContext, type Route } from '../route';
import * as field from '../schemas/fields';
import { mem0Memory, mem0Message } from './schemas';
import { KEPT_ENTITIES, entityOf } from './scope';
import { expiryAfter, isTodayOrLater } from './times';
import { mem0Memories } from './wire';

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_MEMORY = 'There is no memory with this id.';

const params = z.object({ memory_id: field.id });
type Params = z.output<typeof params>;

const update = z
  .object({
    text: field.content.optional(),
    metadata: field.metadata.optional().meta({ description: 'In place of what was there' }),
    expiration_date: z.string().nullable().optional().meta({ format: 'date', description: 'null: never' }),
    timestamp: z.undefined('cannot be changed here').optional().meta({ type: 'null' }),
  })
  .check((context) => {
    const { text, metadata, expiration_date: lastDay } = context.value;
    const refuse = (path: string[], message: string): void =>
      void context.issues.push({ code: 'custom', path, message, input: context.value });
    if (text === undefined && metadata === undefined && lastDay === undefined)
      refuse([], 'must name at least one of text, metadata, expiration_date');
    for (const name of KEPT_ENTITIES)
      if (metadata && name in metadata) refuse(['metadata', name], 'cannot be changed');
    if (typeof lastDay === 'string' && !isTodayOrLater(lastDay, new Date()))
      refuse(['expiration_date'], 'must be a day (YYYY-MM-DD), today or later');
  })
  .meta({ id: 'Mem0Update' });

const turn = z.object({ role: z.string(), content: z.string() });
const historyEntry = z
  .object({
    id: z.string(),
    memory_id: z.string(),
    input: z.array(turn).meta({ description: 'The messages it was made of' }),
    old_memory: z.string().nullable(),
    new_memory: z.string(),
    user_id: z.string().nullable(),
    event: z.enum(['ADD', 'UPDATE']),
    metadata: z.record(z.string(), z.unknown()),
    categories: z.array(z.string()),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Mem0HistoryEntry' });

/** Single memories, known by their id alone. */
export function memoryRoutes(deps: ApiDependencies): Route[] {
  const path = '/v1/memories/{memory_id}/';
  const common = { path, takesToken: true, tag: 'mem0', params, mayBeMissing: true } as const;
  const userOf = async (
    { params }: { params: Params },
    asking: Pick<RequestContext, 'namespace' | 'caller'>,
  ): Promise<string> => ownerOfMemory(deps, asking, params.memory_id);
  return [
    defineRoute({
      ...common,
      method: 'get',
      operationId: 'mem0_get',
      auth: 'read',
      summary: 'get',
      example: examples.get,
      responses: { 200: { description: 'The memory', schema: mem0Memory } },
      userOf,
      async handle({ params }, asking) {
        const { owner, memory } = await findMemory(deps, asking, params.memory_id);
        return { status: 200, body: (await mem0Memories(deps, owner, [memory]))[0] };
      },
    }),
    defineRoute({
      ...common,
      method: 'put',
      operationId: 'mem0_update',
      auth: 'write',
      summary: 'update',
      body: update,
      example: examples.update,
      responses: { 200: { description: 'The memory as it now is', schema: mem0Memory } },
      userOf,
      async handle({ params, body }, asking) {
        const { owner, memory } = await findMemory(deps, asking, params.memory_id);
        const changed = await transaction(deps.pool, (client) =>
          changeMemory(client, owner, memory.id, {
            content: body.text,
            metadata: body.metadata && { ...emptied(memory.metadata), ...body.metadata },
            expiry: expiryAfter(body.expiration_date),
          }),
        );
        if (!changed) throw notFound(NO_MEMORY);
        deps.tiersTeller.tell(owner, TELL_SOON_MS);
        if (changed.reindexed.length > 0) await deps.keepIndex(owner, changed.reindexed);
        return { status: 200, body: (await mem0Memories(deps, owner, [changed.memory]))[0] };
      },
    }),
    defineRoute({
      ...common,
      method: 'delete',
      operationId: 'mem0_delete',
      auth: 'write',
      summary: 'delete',
      description: 'What the memory has replaced goes with it.',
      example: examples.remove,
      responses: { 200: { description: 'Deleted', schema: mem0Message } },
      userOf,
      async handle({ params }, asking) {
        const { owner, memory } = await findMemory(deps, asking, params.memory_id);
        const changed = await transaction(deps.pool, (client) => deleteMemory(client, owner, memory.id));
        if (changed === null) throw notFound(NO_MEMORY);
        deps.tiersTeller.tell(owner, TELL_SOON_MS);
        await deps.keepIndex(owner, changed);
        return { status: 200, body: { message: 'Memory deleted successfully!' } };
      },
    }),
    defineRoute({
      ...common,
      path: '/v1/memories/{memory_id}/history/',
      method: 'get',
      operationId: 'mem0_history',
      auth: 'read',
      summary: 'history',
      description: 'How it came about, and whether it was rewritten since; versions in between are not kept.',
      example: examples.history,
      responses: { 200: { description: 'Oldest first', schema: z.array(historyEntry) } },
      userOf,
      async handle({ params }, asking) {
        const { memory } = await findMemory(deps, asking, params.memory_id);
        return { status: 200, body: await historyOf(deps, memory) };
      },
    }),
  ];
}

/** @throws DomainError 404 where there is none, or it is nobody's whose data the caller may see */
async function ownerOfMemory(
  { pool }: ApiDependencies,
  { namespace, caller }: Pick<RequestContext, 'namespace' | 'caller'>,
  id: string,
): Promise<string> {
  const userId = UUID.test(id)
    ? (await ownersOfMemories(pool, namespace, [id])).values().next().value
    : undefined;
  if (userId === undefined || !maySee(caller, userId)) throw notFound(NO_MEMORY);
  return userId;
}

async function findMemory(
  deps: ApiDependencies,
  asking: Pick<RequestContext, 'namespace' | 'caller'>,
  id: string,
): Promise<{ owner: { namespace: string; userId: string }; memory: Memory }> {
  const owner = { namespace: asking.namespace, userId: await ownerOfMemory(deps, asking, id) };
  const memory = await getMemory(deps.pool, owner, id);
  if (!memory) throw notFound(NO_MEMORY);
  return { owner, memory };
}

/** Metadata that takes out every key of the caller's. */
function emptied(metadata: Record<string, unknown>): Record<string, null> {
  const own = new Set<string>([...OWN_METADATA, ...KEPT_ENTITIES]);
  return Object.fromEntries(
    Object.keys(metadata)
      .filter((key) => !own.has(key))
      .map((key) => [key, null]),
  );
}

async function historyOf(
  { pool }: ApiDependencies,
  memory: Memory,
): Promise<z.output<typeof historyEntry>[]> {
  const { conversationId, firstSeq, lastSeq } = memory;
  const turns =
    conversationId === null || firstSeq === null || lastSeq === null
      ? []
      : await readTurns(pool, { ...memory, conversationId }, firstSeq, lastSeq);
  const { type, name } = entityOf(memory.userId);
  const first = memory.contentEdited && turns.length > 0 ? textOfTurns(turns) : memory.content;
  const entry = {
    memory_id: memory.id,
    input: turns.map(({ role, content }) => ({ role, content })),
    user_id: type === 'user' ? name : null,
    metadata: {},
    categories: memory.personaTags,
    created_at: memory.storedAt.toISOString(),
    updated_at: memory.storedAt.toISOString(),
  };
  const made = { ...entry, id: `${memory.id}:1`, old_memory: null, new_memory: first, event: 'ADD' as const };
  if (first === memory.content) return [made];
  const rewritten = { id: `${memory.id}:2`, old_memory: first, new_memory: memory.content };
  return [made, { ...entry, ...rewritten, event: 'UPDATE' as const }];
}
