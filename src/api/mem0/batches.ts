import { z } from 'zod';
import { DomainError, type FieldError } from '../../domain/errors';
import { deleteMemory } from '../../record/delete-memory';
import { changeMemory } from '../../record/facts';
import { ownersOfMemories } from '../../record/memory-owners';
import { transaction } from '../../record/pool';
import { TELL_SOON_MS } from '../../temporal/tiers-signals';
import { maySee } from '../access';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { defineRoute, type RequestContext, type Route } from '../route';
import * as field from '../schemas/fields';
import { UUID } from './memory';
import { MAX_BATCH, mem0Message } from './schemas';

const LIMIT = `must hold 1 to ${MAX_BATCH} memories`;

const deletions = z
  .object({
    memories: z
      .array(z.object({ memory_id: field.id }))
      .min(1, LIMIT)
      .max(MAX_BATCH, LIMIT),
  })
  .meta({ id: 'Mem0BatchDelete' });

const updates = z
  .object({
    memories: z
      .array(z.object({ memory_id: field.id, text: field.content }))
      .min(1, LIMIT)
      .max(MAX_BATCH, LIMIT),
  })
  .meta({ id: 'Mem0BatchUpdate' });

/** `PUT` and `DELETE /v1/batch/`: all of them, or none when one is not there. */
export function batchRoutes(deps: ApiDependencies): Route[] {
  const common = {
    path: '/v1/batch/',
    takesToken: true,
    auth: 'write',
    tag: 'mem0',
    mayBeMissing: true,
    userOf: 'handler',
  } as const;
  return [
    defineRoute({
      ...common,
      method: 'put',
      operationId: 'mem0_batch_update',
      summary: 'batchUpdate',
      body: updates,
      example: examples.batchUpdate,
      responses: { 200: { description: 'Updated', schema: mem0Message } },
      async handle({ body }, asking) {
        const texts = new Map(body.memories.map((one) => [one.memory_id.toLowerCase(), one.text]));
        for (const [userId, ids] of await byOwner(deps, asking, body.memories)) {
          const owner = { namespace: asking.namespace, userId };
          const changed = await transaction(deps.pool, async (client) => {
            const reindexed: string[] = [];
            for (const id of ids) {
              const one = await changeMemory(client, owner, id, { content: texts.get(id) });
              reindexed.push(...(one?.reindexed ?? []));
            }
            return reindexed;
          });
          await behind(deps, owner, changed);
        }
        return { status: 200, body: { message: `Successfully updated ${texts.size} memories` } };
      },
    }),
    defineRoute({
      ...common,
      method: 'delete',
      operationId: 'mem0_batch_delete',
      summary: 'batchDelete',
      body: deletions,
      example: examples.batchDelete,
      responses: { 200: { description: 'Deleted', schema: mem0Message } },
      async handle({ body }, asking) {
        const owners = await byOwner(deps, asking, body.memories);
        let count = 0;
        for (const [userId, ids] of owners) {
          count += ids.length;
          await deleteMemories(deps, { namespace: asking.namespace, userId }, ids);
        }
        return { status: 200, body: { message: `Successfully deleted ${count} memories` } };
      },
    }),
  ];
}

/** Deletes memories of one user, in one transaction; out of search when it returns. */
export async function deleteMemories(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<void> {
  const changed = await transaction(deps.pool, async (client) => {
    const gone: string[] = [];
    // In the order in which everybody takes memories' locks.
    for (const id of [...ids].sort()) gone.push(...((await deleteMemory(client, owner, id)) ?? []));
    return gone;
  });
  await behind(deps, owner, changed);
}

async function behind(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  changed: readonly string[],
): Promise<void> {
  if (changed.length === 0) return;
  deps.tiersTeller.tell(owner, TELL_SOON_MS);
  await deps.keepIndex(owner, [...new Set(changed)]);
}

/** @throws DomainError 404 that names those which are not there, or not for this caller to see */
async function byOwner(
  { pool }: ApiDependencies,
  { namespace, caller }: Pick<RequestContext, 'namespace' | 'caller'>,
  memories: readonly { memory_id: string }[],
): Promise<Map<string, string[]>> {
  const ids = memories.map((one) => one.memory_id.toLowerCase());
  const owners = await ownersOfMemories(
    pool,
    namespace,
    ids.filter((id) => UUID.test(id)),
  );
  const missing: FieldError[] = [];
  const byUser = new Map<string, string[]>();
  for (const [place, id] of ids.entries()) {
    const userId = owners.get(id);
    if (userId === undefined || !maySee(caller, userId)) {
      missing.push({ path: `memories.${place}.memory_id`, message: 'there is no such memory' });
      continue;
    }
    const known = byUser.get(userId) ?? [];
    if (!known.includes(id)) known.push(id);
    byUser.set(userId, known);
  }
  if (missing.length > 0)
    throw new DomainError(404, 'Not found', 'Some of these memories are not there. Nothing was changed.', {
      errors: missing,
    });
  for (const known of byUser.values()) known.sort();
  return byUser;
}
