import { z } from 'zod';
import { DomainError, notFound } from '../../domain/errors';
import { listMemories } from '../../record/recall-reads';
import { unsettledConversations } from '../../record/conversations';
import { listUsers } from '../../record/users';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { defineRoute, type Route } from '../route';
import * as field from '../schemas/fields';
import { deleteMemories } from './batches';
import { allOf, isAlways } from './conditions';
import { readFilters } from './filters';
import { DEFAULT_PAGE_SIZE, entity, mem0Message, neighbours, page } from './schemas';
import { ENTITIES, ENTITY_TYPES, entityOf, ownerOf, userIdOf, type Entities } from './scope';

/** Deleted in one transaction. */
const DELETE_PAGE = 100;
/** Conversations with something on its way that are waited for. */
const MAX_UNSETTLED = 100;

const oneEntity = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.enum(ENTITY_TYPES),
    total_memories: z.int().min(0),
    owner: z.string().meta({ description: 'The namespace' }),
    metadata: z.record(z.string(), z.unknown()),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Mem0Entity' });

const entities = z
  .object({
    count: z.int().min(0),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(oneEntity),
  })
  .meta({ id: 'Mem0Entities' });

const which = Object.fromEntries(
  ENTITIES.map((name) => [
    name,
    entity(name)
      .refine((value) => value !== '*', 'must name one: everything of everybody is not deleted at once here')
      .optional(),
  ]),
) as Record<(typeof ENTITIES)[number], z.ZodOptional<z.ZodString>>;

const deletion = z.object(which).refine((query) => ownerOf(query) !== null, {
  path: ['user_id'],
  error: 'is required, or an agent_id, an app_id or a run_id: whose memories they are',
});

/** Whose memories there are, and taking them away. */
export function entityRoutes(deps: ApiDependencies): Route[] {
  const erase = (path: string, operationId: string): Route =>
    defineRoute({
      method: 'delete',
      path,
      operationId,
      takesToken: true,
      auth: 'admin',
      tag: 'mem0',
      mayBeMissing: true,
      summary: 'deleteUsers',
      description:
        'Erases everything of them, as DELETE /v1/users/{user_id} does: writes get 410 for a while.',
      params: z.object({ entity_type: z.enum(ENTITY_TYPES), entity_id: field.id }),
      example: examples.deleteEntity,
      responses: { 200: { description: 'Being erased', schema: mem0Message } },
      userOf: ({ params }) => userIdOf(params.entity_type, params.entity_id),
      whenErased: 'self',
      async handle({ params }, { namespace }) {
        const userId = userIdOf(params.entity_type, params.entity_id);
        const known = await listUsers(deps.pool, namespace, [userId], { limit: 1, offset: 0 });
        if (params.entity_type !== 'user' && known.total === 0)
          throw notFound(
            `There are no memories of this ${params.entity_type} alone. What was said in a user's chat is the user's: DELETE /v1/memories/ with user_id and ${params.entity_type}_id.`,
          );
        await deps.erasures.erase({ namespace, userId });
        return { status: 200, body: { message: 'Entity deleted successfully!' } };
      },
    });
  return [
    defineRoute({
      method: 'get',
      path: '/v1/entities/',
      operationId: 'mem0_users',
      takesToken: true,
      auth: 'read',
      tag: 'mem0',
      summary: 'users',
      query: page,
      example: examples.entities,
      responses: { 200: { description: 'One page', schema: entities } },
      // A limited key sees those it is for.
      userOf: 'handler',
      async handle({ query }, { namespace, caller }) {
        const number = query.page ?? 1;
        const pageSize = query.page_size ?? DEFAULT_PAGE_SIZE;
        const only = caller.userIds && [...caller.userIds];
        const offset = (number - 1) * pageSize;
        const { total, users } = await listUsers(deps.pool, namespace, only, { limit: pageSize, offset });
        const results = users.map((user) => ({
          id: user.userId,
          ...entityOf(user.userId),
          total_memories: user.memories,
          owner: namespace,
          metadata: {},
          created_at: user.createdAt.toISOString(),
          updated_at: (user.lastStoredAt ?? user.createdAt).toISOString(),
        }));
        const around = neighbours('/v1/entities/', { page: number, pageSize, total });
        return { status: 200, body: { count: total, ...around, results } };
      },
    }),
    erase('/v2/entities/{entity_type}/{entity_id}/', 'mem0_delete_entity'),
    erase('/v1/entities/{entity_type}/{entity_id}/', 'mem0_delete_entity_v1'),
    defineRoute({
      method: 'delete',
      path: '/v1/memories/',
      operationId: 'mem0_delete_all',
      takesToken: true,
      auth: 'write',
      tag: 'mem0',
      summary: 'deleteAll',
      description: 'Deletes the memories, not the user: more can be stored at once.',
      query: deletion,
      example: examples.deleteAll,
      responses: { 200: { description: 'Deleted', schema: mem0Message } },
      userOf: ({ query }) => ownerOf(query),
      async handle({ query }, { namespace }) {
        const count = await deleteAll(deps, namespace, query);
        return { status: 200, body: { message: `Memories deleted successfully! (${count})` } };
      },
    }),
  ];
}

async function deleteAll(deps: ApiDependencies, namespace: string, which: Entities): Promise<number> {
  const filters = Object.fromEntries(Object.entries(which).filter(([, value]) => value !== undefined));
  const result = readFilters(filters);
  if ('errors' in result)
    throw new Error(`the schema let through what filters do not: ${JSON.stringify(result)}`);
  const owner = { namespace, userId: result.read.userId };
  await settle(deps, owner);
  const where = allOf([result.read.where]);
  const filter = isAlways(where) ? {} : { where };
  for (let count = 0; ;) {
    const page = { order: 'position', limit: DELETE_PAGE, offset: 0 } as const;
    const memories = await listMemories(deps.pool, owner, filter, page);
    if (memories.length === 0) return count;
    await deleteMemories(
      deps,
      owner,
      memories.map((memory) => memory.id),
    );
    count += memories.length;
  }
}

/** What was accepted before must not become a memory afterwards. @throws DomainError 503 when it takes long */
async function settle(deps: ApiDependencies, owner: { namespace: string; userId: string }): Promise<void> {
  const deadline = Date.now() + deps.storeWaitMs;
  for (const conversationId of await unsettledConversations(deps.pool, owner, MAX_UNSETTLED)) {
    const ref = { ...owner, conversationId };
    const throughSeq = await deps.ingest.flush(ref);
    const left = Math.max(0, deadline - Date.now());
    if (await deps.ingest.waitIndexed(ref, throughSeq, left)) continue;
    throw new DomainError(
      503,
      'Still indexing',
      'Some of this user’s messages are still being indexed. Nothing was deleted; try again in a moment.',
    );
  }
}
