import { z } from 'zod';
import { ROLES, saidAt, type Turn } from '../../domain/message';
import { readTurnsBefore } from '../../record/messages';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/conversations';
import { defineRoute, type Route } from '../route';
import { MAX_RETRIEVE_LIMIT, id, wholeNumber } from '../schemas/fields';

const DEFAULT_PAGE = 100;

const turn = z
  .object({
    seq: z.int(),
    message_id: z.string(),
    role: z.enum(ROLES),
    name: z.string().nullable(),
    content: z.string(),
    timestamp: z
      .string()
      .meta({ format: 'date-time', description: 'When it was said, else when it came in' }),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Turn' });

const turns = z
  .object({
    conversation_id: z.string(),
    user_id: z.string(),
    messages: z.array(turn).meta({ description: 'In the order of the conversation' }),
    next_before_seq: z
      .int()
      .nullable()
      .meta({ description: '`before_seq` of the page before this one; null at the beginning' }),
  })
  .meta({ id: 'Turns' });

/** `GET /v1/conversations/{conversation_id}/messages`. */
export function conversationTurnRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/conversations/{conversation_id}/messages',
      auth: 'read',
      userOf: ({ query }) => query.user_id,
      tag: 'conversations',
      summary: 'What was said, the latest page first',
      description:
        'The last `limit` messages (before `before_seq`, if it is given) in the order of the conversation, as they were said, whether indexed yet or not. Without those whose memory was deleted or has expired.',
      params: z.object({ conversation_id: id }),
      query: z.object({
        user_id: id,
        limit: wholeNumber(1, MAX_RETRIEVE_LIMIT).optional(),
        before_seq: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
      }),
      example: examples.turns,
      responses: { 200: { description: 'One page; an unknown conversation reads as empty', schema: turns } },
      async handle({ params, query }, { namespace }) {
        const limit = query.limit ?? DEFAULT_PAGE;
        const ref = { namespace, userId: query.user_id, conversationId: params.conversation_id };
        // One more than asked for tells whether there is another page.
        const found = await readTurnsBefore(deps.pool, ref, query.before_seq ?? null, limit + 1);
        const page = found.slice(-limit);
        return {
          status: 200,
          body: {
            conversation_id: ref.conversationId,
            user_id: ref.userId,
            messages: page.map(wireTurn),
            next_before_seq: found.length > limit ? page[0]!.seq : null,
          },
        };
      },
    }),
  ];
}

function wireTurn(said: Turn): z.output<typeof turn> {
  return {
    seq: said.seq,
    message_id: said.messageId,
    role: said.role,
    name: said.name,
    content: said.content,
    timestamp: saidAt(said).toISOString(),
    metadata: said.metadata,
  };
}
