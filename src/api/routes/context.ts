import { z } from 'zod';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/memories';
import { defineRoute, type Route } from '../route';
import * as field from '../schemas/fields';
import { personaContext } from '../schemas/messages';

const DEFAULT_MAX_TOKENS = 1_000;
const MAX_TOKENS = 100_000;

const body = z
  .strictObject({
    user_id: field.id,
    query: field.content,
    conversation_id: field.id.nullish().meta({
      description: 'Where it is asked: its last turns are left out, and help to read a follow-up',
    }),
    max_tokens: field
      .integer(1, MAX_TOKENS)
      .nullish()
      .meta({
        description: `Most tokens of the block, counted in cl100k_base; ${DEFAULT_MAX_TOKENS} by default`,
      }),
    persona_context: z.strictObject(personaContext.shape).nullish(),
  })
  .meta({ id: 'ContextRequest' });

const answer = z
  .object({
    context: z.string().meta({ description: 'To paste into a prompt; empty when there is nothing to say' }),
    tokens: z.int().min(0).meta({ description: 'At most max_tokens' }),
    sources: z.array(z.object({ memory_id: z.string(), message_ids: z.array(z.string()) })),
  })
  .meta({ id: 'Context' });

/** `POST /v1/context`. */
export function contextRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/context',
      tag: 'memories',
      summary:
        'A block for a prompt: who they are, and the turns that answer a question, within a budget of tokens',
      body,
      example: examples.context,
      responses: { 200: { description: 'The block and what it was made from', schema: answer } },
      auth: 'read',
      userOf: ({ body }) => body.user_id,
      async handle({ body }, { namespace }) {
        const persona = body.persona_context;
        const block = await deps.recall.context({
          namespace,
          userId: body.user_id,
          query: body.query,
          conversationId: body.conversation_id,
          maxTokens: body.max_tokens ?? DEFAULT_MAX_TOKENS,
          persona: {
            forced: persona?.forced_persona ?? null,
            active: persona?.active_personas ?? [],
            mood: persona?.mood ?? null,
          },
        });
        return {
          status: 200,
          body: {
            context: block.context,
            tokens: block.tokens,
            sources: block.sources.map(({ memoryId, messageIds }) => ({
              memory_id: memoryId,
              message_ids: messageIds,
            })),
          },
        };
      },
    }),
  ];
}
