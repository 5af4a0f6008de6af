import { z } from 'zod';
import { MAX_INJECTION_EVENT_ID } from '../../domain/injection-event';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/conversations';
import { EVENT_STREAM_TYPE } from '../injection-streams';
import { defineRoute, type Route } from '../route';
import { injection } from '../schemas/answers';
import { id, wholeNumber } from '../schemas/fields';

/** `GET /v1/conversations/{conversation_id}/injections`. */
export function injectionRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/conversations/{conversation_id}/injections',
      auth: 'read',
      userOf: ({ query }) => query.user_id,
      tag: 'conversations',
      summary: 'What is injected into a conversation, as it happens',
      description:
        'Server-sent events, one an injection, from any API process. `data` is the injection, `id` ascends in the order of commits. Without `Last-Event-ID` the stream begins now, with it behind that event; 0 begins with the first injection there is. Comments are heartbeats. A stream may be ended at any time: come again with the last id.',
      params: z.object({ conversation_id: id }),
      query: z.object({ user_id: id }),
      headers: z.object({ 'last-event-id': wholeNumber(0, MAX_INJECTION_EVENT_ID).optional() }),
      example: examples.injections,
      responses: {
        200: { description: 'One event an injection', schema: injection, mediaType: EVENT_STREAM_TYPE },
      },
      async handle({ params, query, headers }, { namespace, requestId }) {
        const ref = { namespace, userId: query.user_id, conversationId: params.conversation_id };
        const after = headers['last-event-id'] ?? null;
        return {
          status: 200,
          body: null,
          stream: (response) => deps.injectionStreams.serve(response, ref, after, requestId),
        };
      },
    }),
  ];
}
