import { z } from 'zod';
import { fieldErrors } from '../problem';
import { ROLES, type ConversationRef } from '../../domain/message';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/guide';
import { incomingMessage, namedAfter, sharedBy } from '../incoming';
import { defineRoute, type Route } from '../route';
import { degraded, injection, workflowLink } from '../schemas/answers';
import { MAX_OFFSET, content, id, idProblem, integer, label, stringMetadata, time } from '../schemas/fields';
import { history, personaContext } from '../schemas/messages';
import { injectionOf, workflowLinkOf } from '../wire';
import { conversationOf } from './store';

const DEFAULT_LIMIT = 6;
const MAX_LIMIT = 50;

const messageRequest = z
  .object({
    conversation_id: id,
    role: z.enum(ROLES),
    content,
    metadata: stringMetadata.nullish(),
    message_id: id.nullish(),
    timestamp: time.nullish(),
    name: label.nullish(),
    flush: z.boolean().nullish(),
  })
  .meta({ id: 'OrchestratorMessage' });

const transcriptRequest = z
  .object({
    user_id: id.nullish().meta({ description: 'Else metadata.user_id, else the conversation_id' }),
    history,
    conversation_id: id.nullish(),
    metadata: stringMetadata.nullish(),
    persona_context: personaContext.nullish(),
  })
  .meta({ id: 'OrchestratorTranscript' });

const retrieveRequest = z
  .object({
    conversation_id: id,
    query: content,
    metadata: stringMetadata.nullish(),
    limit: integer(1, MAX_LIMIT).nullish(),
    offset: integer(0, MAX_OFFSET).nullish(),
  })
  .meta({ id: 'OrchestratorRetrieve' });

const flushed = z
  .boolean()
  .optional()
  .meta({ description: 'With `flush`: whether everything up to here is indexed' });

const messageAnswer = z
  .object({
    injections: z.array(injection),
    conversation_id: z.string(),
    message_id: z.string(),
    seq: z.int(),
    duplicate: z.boolean(),
    flushed,
    degraded,
    ...workflowLink,
  })
  .meta({ id: 'StreamedMessage' });

const transcriptAnswer = z
  .object({
    injections: z.array(injection),
    conversation_id: z.string(),
    user_id: z.string(),
    accepted: z.int(),
    duplicates: z.int(),
    from_seq: z.int(),
    through_seq: z.int(),
    flushed,
    degraded,
    ...workflowLink,
  })
  .meta({ id: 'StreamedTranscript' });

const retrieveAnswer = z.object({ injections: z.array(injection) }).meta({ id: 'TopInjections' });

/** The guide's orchestrator over HTTP. */
export function orchestratorRoutes(deps: ApiDependencies): Route[] {
  const tag = 'orchestrator';
  return [
    defineRoute({
      method: 'post',
      path: '/v1/orchestrator/message',
      auth: 'write',
      tag,
      summary: 'Stream one turn; answers with the memories it brings up',
      body: messageRequest,
      example: examples.streamMessage,
      responses: { 200: { description: 'Stored durably', schema: messageAnswer } },
      userOf: ({ body }) => userOf(body.metadata, body.conversation_id),
      whenErased: 'self',
      async handle({ body }, { namespace, newMessageId }) {
        const ref = {
          namespace,
          userId: userOf(body.metadata, body.conversation_id),
          conversationId: body.conversation_id,
        };
        const flush = body.flush ?? false;
        const streamed = await deps.ingest.stream(ref, [incomingMessage(body, newMessageId)], { flush });
        const turn = streamed.turns[0]!;
        return {
          status: 200,
          body: {
            injections: turn.injections.map(injectionOf),
            conversation_id: ref.conversationId,
            message_id: turn.messageId,
            seq: turn.seq,
            duplicate: turn.duplicate,
            ...(flush ? { flushed: await deps.ingest.waitIndexed(ref, turn.seq, deps.storeWaitMs) } : {}),
            ...(turn.degraded.length > 0 ? { degraded: turn.degraded } : {}),
            ...workflowLinkOf(ref, deps.workflowUrl),
          },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/orchestrator/transcript',
      auth: 'write',
      tag,
      summary: 'Replay a transcript; answers with every injection, in order',
      body: transcriptRequest,
      example: examples.streamTranscript,
      responses: { 200: { description: 'Stored durably', schema: transcriptAnswer } },
      userOf: ({ body }) => transcriptUserOf(body),
      whenErased: 'self',
      async handle({ body }, { namespace, newMessageId }) {
        const userId = transcriptUserOf(body);
        const ref: ConversationRef = { namespace, userId, conversationId: conversationOf(body, userId) };
        const shared = sharedBy(body);
        const messages = body.history.map((message) => incomingMessage(message, newMessageId, shared));
        const streamed = await deps.ingest
          .stream(ref, messages, { flush: true })
          .catch(namedAfter('history'));
        const degradedParts = [...new Set(streamed.turns.flatMap((turn) => turn.degraded))];
        return {
          status: 200,
          body: {
            injections: streamed.turns.flatMap((turn) => turn.injections).map(injectionOf),
            conversation_id: ref.conversationId,
            user_id: userId,
            accepted: streamed.accepted,
            duplicates: streamed.duplicates,
            from_seq: streamed.fromSeq,
            through_seq: streamed.throughSeq,
            flushed: await deps.ingest.waitIndexed(ref, streamed.throughSeq, deps.storeWaitMs),
            ...(degradedParts.length > 0 ? { degraded: degradedParts } : {}),
            ...workflowLinkOf(ref, deps.workflowUrl),
          },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/orchestrator/retrieve',
      auth: 'read',
      tag,
      summary: 'The memories that answer a query best; changes nothing',
      body: retrieveRequest,
      example: examples.topInjections,
      responses: { 200: { description: 'Best first', schema: retrieveAnswer } },
      userOf: ({ body }) => userOf(body.metadata, body.conversation_id),
      async handle({ body }, { namespace }) {
        const ref = {
          namespace,
          userId: userOf(body.metadata, body.conversation_id),
          conversationId: body.conversation_id,
        };
        const page = { limit: body.limit ?? DEFAULT_LIMIT, offset: body.offset ?? 0 };
        const injections = await deps.recall.topInjections(ref, body.query, page);
        return { status: 200, body: { injections: injections.map(injectionOf) } };
      },
    }),
  ];
}

/** `metadata.user_id`, else the conversation's id. @throws DomainError 422 */
function userOf(metadata: Record<string, string> | null | undefined, conversationId: string): string {
  const named = metadata?.['user_id'];
  if (named === undefined) return conversationId;
  const message = idProblem(named);
  if (message) throw fieldErrors([{ path: 'metadata.user_id', message }]);
  return named;
}

function transcriptUserOf(body: z.output<typeof transcriptRequest>): string {
  if (body.user_id) return body.user_id;
  const fallback = body.conversation_id ?? '';
  if (fallback === '' && body.metadata?.['user_id'] === undefined) {
    throw fieldErrors([{ path: 'user_id', message: 'is required' }]);
  }
  return userOf(body.metadata, fallback);
}
