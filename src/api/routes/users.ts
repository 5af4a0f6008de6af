import { z } from 'zod';
import { EXPORT_LINE_TYPES } from '../../domain/export-line';
import { listConversations } from '../../record/conversations';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/users';
import { exportLines } from '../export-lines';
import { JSON_LINES_TYPE } from '../json-lines';
import { decodeCursor, encodeCursor } from '../page-cursor';
import { defineRoute, type Route } from '../route';
import { workflowLink } from '../schemas/answers';
import { MAX_RETRIEVE_LIMIT, id, wholeNumber } from '../schemas/fields';
import { statusUrlOf, workflowLinkOf } from '../wire';

const DEFAULT_PAGE = 50;
const MAX_CURSOR_CHARS = 4_000;

const listed = z
  .object({
    user_id: z.string(),
    conversations: z.array(
      z.object({
        conversation_id: z.string(),
        appended_through: z.int(),
        indexed_through: z.int(),
        created_at: z.string().meta({ format: 'date-time' }),
        updated_at: z.string().meta({ format: 'date-time' }),
        ...workflowLink,
        status_url: z.string(),
      }),
    ),
    next_cursor: z.string().nullable().meta({ description: '`cursor` of the next page; null at the end' }),
  })
  .meta({ id: 'Conversations' });

const exportLine = z
  .looseObject({ type: z.enum(EXPORT_LINE_TYPES), user_id: z.string() })
  .meta({ id: 'ExportLine' });

const erasure = z
  .object({
    user_id: z.string(),
    status: z.enum(['erasing', 'erased']),
    writes_refused_until: z
      .string()
      .meta({ format: 'date-time', description: 'At least; and for as long as anything is left' }),
    ...workflowLink,
  })
  .meta({ id: 'Erasure' });

/** Everything under `/v1/users/{user_id}`. */
export function userRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/conversations',
      auth: 'read',
      userOf: ({ params }) => params.user_id,
      tag: 'users',
      summary: 'A user’s conversations, the newest first',
      params: z.object({ user_id: id }),
      query: z.object({
        limit: wholeNumber(1, MAX_RETRIEVE_LIMIT).optional(),
        cursor: z.string().max(MAX_CURSOR_CHARS).optional(),
      }),
      example: examples.conversations,
      responses: { 200: { description: 'One page', schema: listed } },
      async handle({ params, query }, { namespace }) {
        const limit = query.limit ?? DEFAULT_PAGE;
        const after = query.cursor === undefined ? null : decodeCursor(query.cursor);
        const owner = { namespace, userId: params.user_id };
        // One more than asked for tells whether there is another page.
        const found = await listConversations(deps.pool, owner, limit + 1, after);
        const page = found.slice(0, limit);
        const last = page.at(-1);
        return {
          status: 200,
          body: {
            user_id: params.user_id,
            conversations: page.map((one) => {
              const ref = { ...owner, conversationId: one.conversationId };
              return {
                conversation_id: one.conversationId,
                appended_through: one.appendedThrough,
                indexed_through: one.indexedThrough,
                created_at: one.createdAt.toISOString(),
                updated_at: one.updatedAt.toISOString(),
                ...workflowLinkOf(ref, deps.workflowUrl),
                status_url: statusUrlOf(ref),
              };
            }),
            next_cursor: found.length > limit && last ? encodeCursor(last) : null,
          },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/export',
      auth: 'read',
      userOf: ({ params }) => params.user_id,
      tag: 'users',
      summary: 'All of a user’s data, as lines',
      description:
        'NDJSON of any size. `message` lines are what `POST /v1/imports` takes; it passes over the others. Without messages whose memory was deleted.',
      params: z.object({ user_id: id }),
      example: examples.exported,
      responses: {
        200: { description: 'One object a line', schema: exportLine, mediaType: JSON_LINES_TYPE },
      },
      handle({ params }, { namespace }) {
        const lines = exportLines(deps.pool, { namespace, userId: params.user_id });
        return { status: 200, body: null, lines };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/users/{user_id}',
      // What cannot be undone is not for whoever stores messages.
      auth: 'admin',
      tag: 'users',
      summary: 'Erase everything of a user, everywhere',
      description:
        'From this answer on, reads find nothing and writes are refused with 410. Again is harmless. Nothing keeps the id but a keyed hash of it.',
      params: z.object({ user_id: id }),
      example: examples.erase,
      responses: { 202: { description: 'Being erased', schema: erasure } },
      userOf: ({ params }) => params.user_id,
      whenErased: 'self',
      async handle({ params }, { namespace }) {
        const requested = await deps.erasures.erase({ namespace, userId: params.user_id });
        const url = deps.workflowUrl(requested.workflowId);
        return {
          status: 202,
          body: {
            user_id: params.user_id,
            status: requested.finished ? 'erased' : 'erasing',
            writes_refused_until: requested.refusedUntil.toISOString(),
            workflow_id: requested.workflowId,
            ...(url === undefined ? {} : { workflow_url: url }),
          },
        };
      },
    }),
  ];
}
