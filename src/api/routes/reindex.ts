import { z } from 'zod';
import { notFound } from '../../domain/errors';
import { reindexWorkflowId } from '../../domain/ids';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/upkeep';
import { fieldErrors } from '../problem';
import { defineRoute, type RequestContext, type Route } from '../route';
import { workflowLink } from '../schemas/answers';
import { id, integer } from '../schemas/fields';

const MAX_OBJECTS_PER_SECOND = 100_000;
const SCOPES = ['user', 'namespace', 'all'] as const;
const scope = z
  .enum(SCOPES)
  .meta({ description: 'By default the user, if one is named, else the namespace' });

const request = z
  .strictObject({
    scope: scope.nullish(),
    user_id: id.nullish(),
    objects_per_second: integer(1, MAX_OBJECTS_PER_SECOND)
      .nullish()
      .meta({ description: 'At most so many; by default as fast as it goes' }),
  })
  .meta({ id: 'ReindexRequest' });

const counts = z.object({ users: z.int(), memories: z.int(), written: z.int(), removed: z.int() });
const started = z
  .object({ scope: z.enum(SCOPES), ...workflowLink, status_url: z.string() })
  .meta({ id: 'ReindexStarted' });
const standing = z
  .object({
    scope: z.enum(SCOPES),
    status: z.enum(['running', 'completed', 'failed']),
    counts: counts.nullable(),
    ...workflowLink,
  })
  .meta({ id: 'Reindex' });

interface Asked {
  scope?: (typeof SCOPES)[number] | null | undefined;
  user_id?: string | null | undefined;
}

/** Rebuilding the index from the record. */
export function reindexRoutes(deps: ApiDependencies): Route[] {
  const path = '/v1/reindex';
  const tag = 'upkeep';
  return [
    defineRoute({
      method: 'post',
      path,
      auth: 'admin',
      tag,
      summary: 'Rebuild the index from the record',
      description:
        'Embeds nothing again that this embedder has embedded. Searches go on meanwhile. One at a time for a scope: a second call answers with the one that runs. `all` goes through every namespace.',
      body: request,
      bodyMayBeMissing: true,
      example: examples.reindex,
      responses: { 202: { description: 'At work', schema: started } },
      userOf: ({ body }) => body.user_id ?? null,
      async handle({ body }, context) {
        const asked = scopeOf(body, context);
        const workflowId = await deps.reindexing.start({
          ...asked.of,
          rewrite: true,
          objectsPerSecond: body.objects_per_second ?? null,
        });
        return {
          status: 202,
          body: { scope: asked.scope, ...linkOf(workflowId), status_url: statusUrl(asked) },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path,
      auth: 'admin',
      tag,
      summary: 'How the latest reindex of a scope stands',
      query: z.object({ scope: scope.optional(), user_id: id.optional() }),
      example: examples.reindexStanding,
      responses: { 200: { description: 'As it stands now', schema: standing } },
      mayBeMissing: true,
      userOf: ({ query }) => query.user_id ?? null,
      async handle({ query }, context) {
        const asked = scopeOf(query, context);
        const found = await deps.reindexing.standing(asked.of);
        if (!found) throw notFound('There was no reindex of this scope lately.');
        const { namespace, userId } = asked.of;
        return {
          status: 200,
          body: { scope: asked.scope, ...found, ...linkOf(reindexWorkflowId(namespace, userId)) },
        };
      },
    }),
  ];

  function linkOf(workflowId: string): { workflow_id: string; workflow_url?: string } {
    const url = deps.workflowUrl(workflowId);
    return url === undefined ? { workflow_id: workflowId } : { workflow_id: workflowId, workflow_url: url };
  }
}

interface ResolvedScope {
  scope: (typeof SCOPES)[number];
  of: { namespace: string | null; userId: string | null };
}

/** @throws DomainError 422 for a scope and a user that do not go together */
function scopeOf(asked: Asked, { namespace }: RequestContext): ResolvedScope {
  const userId = asked.user_id ?? null;
  const chosen = asked.scope ?? (userId === null ? 'namespace' : 'user');
  if ((chosen === 'user') !== (userId !== null))
    throw fieldErrors([{ path: 'user_id', message: 'goes with the scope user, and with no other' }]);
  return { scope: chosen, of: { namespace: chosen === 'all' ? null : namespace, userId } };
}

function statusUrl({ scope: chosen, of }: ResolvedScope): string {
  return `/v1/reindex?scope=${chosen}${of.userId === null ? '' : `&user_id=${encodeURIComponent(of.userId)}`}`;
}
