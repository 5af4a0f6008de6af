import { z } from 'zod';
import { notFound } from '../../domain/errors';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { defineRoute, type Route } from '../route';
import { addRoute } from './add';
import { batchRoutes } from './batches';
import { entityRoutes } from './entities';
import { addedMemory, decodeEvent, eventStatus, outcomeOf } from './events';
import { memoryRoutes } from './memory';
import { recallRoutes } from './recall';

/**
 * What the clients of mem0's platform call, so that they can be pointed here. Their paths end in a slash, which tells
 * them from ours; their keys come as `Authorization: Token KEY`.
 */
export function mem0Routes(deps: ApiDependencies): Route[] {
  return [
    addRoute(deps),
    ...recallRoutes(deps),
    ...memoryRoutes(deps),
    ...batchRoutes(deps),
    ...entityRoutes(deps),
    pingRoute(),
    eventRoute(deps),
  ];
}

function pingRoute(): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/ping/',
    operationId: 'mem0_ping',
    takesToken: true,
    auth: 'read',
    userOf: 'nobody',
    tag: 'mem0',
    summary: 'ping: whether the key is good',
    example: examples.ping,
    responses: {
      200: {
        description: 'It is',
        schema: z
          .object({ status: z.literal('ok'), org_id: z.string(), project_id: z.string() })
          .meta({ id: 'Mem0Ping' }),
      },
    },
    handle: (_input, { namespace }) => ({
      status: 200,
      body: { status: 'ok', org_id: namespace, project_id: namespace },
    }),
  });
}

function eventRoute(deps: ApiDependencies): Route {
  const params = z.object({ event_id: z.string() });
  const event = (id: string) => {
    const decoded = decodeEvent(id);
    if (!decoded) throw notFound('There is no such event.');
    return decoded;
  };
  return defineRoute({
    method: 'get',
    path: '/v1/event/{event_id}/',
    operationId: 'mem0_event',
    takesToken: true,
    auth: 'read',
    tag: 'mem0',
    mayBeMissing: true,
    summary: 'What became of an add',
    params,
    example: examples.event,
    responses: {
      200: {
        description: 'As it stands',
        schema: z
          .object({
            id: z.string(),
            event_type: z.literal('ADD'),
            status: eventStatus,
            results: z.array(addedMemory),
            error: z.string().nullable(),
          })
          .meta({ id: 'Mem0Event' }),
      },
    },
    userOf: ({ params }) => event(params.event_id).userId,
    async handle({ params }, { namespace }) {
      const { seqs, ...ref } = event(params.event_id);
      const outcome = await outcomeOf(deps, { namespace, ...ref }, seqs);
      return {
        status: 200,
        body: { id: params.event_id, event_type: 'ADD', ...outcome, error: outcome.error ?? null },
      };
    },
  });
}
