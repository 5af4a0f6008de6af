import { z } from 'zod';
import { ensureError, notFound } from '../../domain/errors';
import { tenantName } from '../../domain/ids';
import { deleteMemory, getMemory } from '../../record/memories';
import type { ApiDependencies } from '../dependencies';
import { defineRoute, type Route } from '../route';
import { item } from '../schemas/answers';
import { id } from '../schemas/fields';
import { itemOf } from '../wire';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_MEMORY = 'This user has no memory with this id.';

const params = z.object({ memory_id: id });
const query = z.object({ user_id: id });
const deleted = z.object({ id: z.string(), deleted: z.literal(true) }).meta({ id: 'MemoryDeleted' });

/** Single memories by their id. */
export function memoryRoutes(deps: ApiDependencies): Route[] {
  const path = '/v1/memories/{memory_id}';
  const tag = 'memories';
  return [
    defineRoute({
      method: 'get',
      path,
      tag,
      summary: 'One memory',
      params,
      query,
      responses: { 200: { description: 'The memory', schema: item } },
      async handle({ params, query }, { namespace }) {
        const memory = await getMemory(
          deps.pool,
          { namespace, userId: query.user_id },
          memoryId(params.memory_id),
        );
        if (!memory) throw notFound(NO_MEMORY);
        return { status: 200, body: itemOf(memory) };
      },
    }),
    defineRoute({
      method: 'delete',
      path,
      tag,
      summary: 'Delete a memory; it is out of search before the answer',
      params,
      query,
      responses: { 200: { description: 'Deleted', schema: deleted } },
      async handle({ params, query }, { namespace, log, requestId }) {
        const memory = memoryId(params.memory_id);
        const gone = await deleteMemory(deps.pool, { namespace, userId: query.user_id }, memory);
        if (!gone) throw notFound(NO_MEMORY);
        // The record alone decides what is recalled, so the answer does not wait for the index to forget it too.
        deps.index.remove(tenantName(namespace, query.user_id), [memory]).catch((error: unknown) => {
          log.warn(
            { err: ensureError(error), request_id: requestId },
            'a deleted memory is still in the index',
          );
        });
        return { status: 200, body: { id: memory, deleted: true } };
      },
    }),
  ];
}

/** Ids of memories are UUIDs: anything else names none. */
function memoryId(text: string): string {
  if (!UUID.test(text)) throw notFound(NO_MEMORY);
  return text.toLowerCase();
}
