import { z } from 'zod';
import { conflict, notFound } from '../../domain/errors';
import { deleteMemory } from '../../record/delete-memory';
import { changeMemory } from '../../record/facts';
import { getMemory } from '../../record/memories';
import { transaction } from '../../record/pool';
import { TELL_SOON_MS } from '../../temporal/tiers-signals';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/memories';
import { defineRoute, type Answer, type RequestContext, type Route } from '../route';
import { item } from '../schemas/answers';
import { id } from '../schemas/fields';
import { memoryDeleted, memoryPatch, newMemory, type MemoryPatch, type NewMemory } from '../schemas/memories';
import { itemOf } from '../wire';
import { writeMemory } from '../write-memory';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_MEMORY = 'This user has no memory with this id.';

const params = z.object({ memory_id: id });
const query = z.object({ user_id: id });

/** Single memories: written by hand, read, changed and deleted by their id. */
export function memoryRoutes(deps: ApiDependencies): Route[] {
  const path = '/v1/memories/{memory_id}';
  const tag = 'memories';
  return [
    defineRoute({
      method: 'post',
      path: '/v1/memories/direct',
      auth: 'write',
      tag,
      summary: 'Write a memory by hand; it is found before the answer',
      description:
        'While the index is out of reach the memory is accepted all the same: it is listed at once, and found by queries as soon as the index is back.',
      body: newMemory,
      example: examples.write,
      responses: { 201: { description: 'The memory', schema: item } },
      userOf: ({ body }) => body.user_id,
      whenErased: 'self',
      handle: ({ body }, context) => create(deps, body, context),
    }),
    defineRoute({
      method: 'get',
      path,
      auth: 'read',
      userOf: ({ query }) => query.user_id,
      tag,
      summary: 'One memory',
      params,
      query,
      example: examples.read,
      responses: { 200: { description: 'The memory', schema: item } },
      async handle({ params, query }, { namespace }) {
        const owner = { namespace, userId: query.user_id };
        const memory = await getMemory(deps.pool, owner, memoryId(params.memory_id));
        if (!memory) throw notFound(NO_MEMORY);
        return { status: 200, body: itemOf(memory) };
      },
    }),
    defineRoute({
      method: 'patch',
      path,
      auth: 'write',
      userOf: ({ query }) => query.user_id,
      tag,
      summary: 'Change a memory',
      description: 'New content is what queries find from now on, instead of the words of its messages.',
      params,
      query,
      body: memoryPatch,
      example: examples.change,
      responses: { 200: { description: 'The memory as it now is', schema: item } },
      handle: ({ params, query, body }, { namespace }) =>
        change(deps, { namespace, userId: query.user_id }, memoryId(params.memory_id), body),
    }),
    defineRoute({
      method: 'delete',
      path,
      auth: 'write',
      userOf: ({ query }) => query.user_id,
      tag,
      summary: 'Delete a memory; it is out of search before the answer',
      params,
      query,
      example: examples.remove,
      responses: { 200: { description: 'Deleted', schema: memoryDeleted } },
      async handle({ params, query }, { namespace }) {
        const memory = memoryId(params.memory_id);
        const owner = { namespace, userId: query.user_id };
        const changed = await transaction(deps.pool, (client) => deleteMemory(client, owner, memory));
        if (changed === null) throw notFound(NO_MEMORY);
        deps.tiersTeller.tell(owner, TELL_SOON_MS);
        await deps.keepIndex(owner, changed);
        return { status: 200, body: { id: memory, deleted: true } };
      },
    }),
  ];
}

async function create(deps: ApiDependencies, body: NewMemory, context: RequestContext): Promise<Answer> {
  const memory = await writeMemory(
    deps,
    { namespace: context.namespace, userId: body.user_id },
    {
      // Follows from an Idempotency-Key: a request run again because its answer was lost makes no second memory.
      id: context.newMessageId(),
      content: body.content,
      layer: body.layer,
      type: body.type,
      importance: body.importance,
      personaTags: body.persona_tags,
      emotionalSignature: body.emotional_signature,
      metadata: body.metadata,
      createdAt: body.event_timestamp,
      expiry: expiryOf(body.ttl_seconds),
    },
  );
  if (!memory)
    throw conflict('What this Idempotency-Key has made is gone since. Use a new key to write it again.');
  return { status: 201, body: itemOf(memory) };
}

async function change(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  id: string,
  patch: MemoryPatch,
): Promise<Answer> {
  const { content } = patch;
  const felt =
    content === undefined
      ? undefined
      : (await deps.readers.affect.feel([{ text: content, vector: null }]))[0];
  const changed = await transaction(deps.pool, (client) =>
    changeMemory(client, owner, id, {
      content,
      felt,
      layer: patch.layer,
      importance: patch.importance,
      personaTags: patch.persona_tags,
      metadata: patch.metadata,
      expiry: expiryOf(patch.ttl_seconds),
    }),
  );
  if (!changed) throw notFound(NO_MEMORY);
  deps.tiersTeller.tell(owner, TELL_SOON_MS);
  if (changed.reindexed.length > 0) await deps.keepIndex(owner, changed.reindexed);
  return { status: 200, body: itemOf(changed.memory) };
}

/** Ids of memories are UUIDs: anything else names none. */
function memoryId(text: string): string {
  if (!UUID.test(text)) throw notFound(NO_MEMORY);
  return text.toLowerCase();
}

function expiryOf(ttlSeconds: number | null | undefined): { inSeconds: number } | null | undefined {
  return typeof ttlSeconds === 'number' ? { inSeconds: ttlSeconds } : ttlSeconds;
}
