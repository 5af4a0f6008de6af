import { z } from 'zod';
import type { ConversationRef } from '../../domain/message';
import {
  MAX_BATCH_MESSAGES,
  MAX_COOLDOWN_TURNS,
  MAX_FLUSH_INTERVAL_MS,
  MAX_INJECTIONS_PER_MESSAGE,
  MAX_LOOKBACK_MESSAGES,
  MIN_FLUSH_INTERVAL_MS,
  volumeOf,
} from '../../domain/policy';
import type { PolicyPatch } from '../../domain/effective-policy';
import { conversationView, type ConversationView } from '../../record/conversation-view';
import { isReadingDegraded } from '../../record/extraction-windows';
import { unreadParts } from '../degraded-parts';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/conversations';
import { incomingMessage, namedAfter } from '../incoming';
import { defineRoute, type Route } from '../route';
import { conversation, failedRange, policy, workflowLink } from '../schemas/answers';
import { id, integer } from '../schemas/fields';
import { newMessages } from '../schemas/messages';
import { policyOf, statusUrlOf, workflowLinkOf } from '../wire';

const MS_PER_SECOND = 1_000;

const params = z.object({ conversation_id: id });
const query = z.object({ user_id: id });

const appendRequest = z
  .strictObject({ user_id: id, messages: newMessages, flush: z.boolean().nullish() })
  .meta({ id: 'AppendRequest' });

const cutoff = integer(0, Number.MAX_SAFE_INTEGER);
const size = integer(1, MAX_BATCH_MESSAGES);
const interval = `must be between ${MIN_FLUSH_INTERVAL_MS / MS_PER_SECOND} and ${MAX_FLUSH_INTERVAL_MS / MS_PER_SECOND} seconds`;

const policyPatch = z
  .strictObject({
    ingestion: z
      .strictObject({
        low_volume_cutoff: cutoff,
        high_volume_cutoff: cutoff,
        low_volume_batch_size: size,
        medium_volume_batch_size: size,
        high_volume_batch_size: size,
        flush_interval_seconds: z
          .number(interval)
          .min(MIN_FLUSH_INTERVAL_MS / MS_PER_SECOND, interval)
          .max(MAX_FLUSH_INTERVAL_MS / MS_PER_SECOND, interval),
        max_buffer_size: size,
      })
      .partial()
      .nullish(),
    retrieval: z
      .strictObject({
        min_similarity: z.number().min(0, 'must be at least 0').max(1, 'must be at most 1'),
        max_injections_per_message: integer(0, MAX_INJECTIONS_PER_MESSAGE),
        reinjection_cooldown_turns: integer(0, MAX_COOLDOWN_TURNS),
        lookback_messages: integer(0, MAX_LOOKBACK_MESSAGES),
      })
      .partial()
      .nullish(),
  })
  .meta({ id: 'PolicyPatch' });

const appended = z
  .object({
    accepted: z.int(),
    duplicates: z.int(),
    from_seq: z.int(),
    through_seq: z.int(),
    ...workflowLink,
    status_url: z.string(),
  })
  .meta({ id: 'Appended' });

const flushed = z
  .object({
    flushed: z.boolean(),
    status: z.literal('pending').optional(),
    through_seq: z.int(),
    conversation_id: z.string(),
    user_id: z.string(),
    ...workflowLink,
    status_url: z.string(),
  })
  .meta({ id: 'Flushed' });

const retried = z
  .object({
    retried: z.array(failedRange),
    conversation_id: z.string(),
    user_id: z.string(),
    ...workflowLink,
    status_url: z.string(),
  })
  .meta({ id: 'Retried' });

interface Addressed {
  params: z.output<typeof params>;
  query: z.output<typeof query>;
}

function refOf(namespace: string, { params, query }: Addressed): ConversationRef {
  return { namespace, userId: query.user_id, conversationId: params.conversation_id };
}

/** Everything under `/v1/conversations/{conversation_id}`. */
export function conversationRoutes(deps: ApiDependencies): Route[] {
  const base = '/v1/conversations/{conversation_id}';
  const tag = 'conversations';
  return [
    defineRoute({
      method: 'post',
      path: `${base}/messages`,
      auth: 'write',
      tag,
      summary: 'Append messages without waiting',
      params,
      body: appendRequest,
      example: examples.append,
      responses: { 202: { description: 'Stored durably', schema: appended } },
      userOf: ({ body }) => body.user_id,
      whenErased: 'self',
      async handle({ params, body }, { namespace, newMessageId }) {
        const ref = { namespace, userId: body.user_id, conversationId: params.conversation_id };
        const messages = body.messages.map((message) => incomingMessage(message, newMessageId));
        const flush = body.flush ?? false;
        const result = await deps.ingest.append(ref, messages, { flush }).catch(namedAfter('messages'));
        return {
          status: 202,
          body: {
            accepted: result.accepted,
            duplicates: result.duplicates,
            from_seq: result.fromSeq,
            through_seq: result.throughSeq,
            ...linksOf(ref),
          },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: base,
      auth: 'read',
      userOf: ({ query }) => query.user_id,
      tag,
      summary: 'How far a conversation is indexed',
      params,
      query,
      example: examples.view,
      responses: { 200: { description: 'An unknown conversation reads as empty', schema: conversation } },
      async handle(input, { namespace }) {
        const ref = refOf(namespace, input);
        const [view, unread] = await Promise.all([
          conversationView(deps.pool, ref, deps.defaultPolicy),
          deps.extraction !== null && isReadingDegraded(deps.pool, ref),
        ]);
        return { status: 200, body: { ...wireView(ref, view ?? emptyView()), ...unreadParts(unread) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${base}/flush`,
      auth: 'write',
      tag,
      summary: 'Index what is pending now, and wait for it',
      params,
      query,
      example: examples.flush,
      responses: {
        200: { description: 'Everything stored is indexed or failed', schema: flushed },
        202: { description: 'Still being indexed', schema: flushed },
      },
      userOf: ({ query }) => query.user_id,
      async handle(input, { namespace }) {
        const ref = refOf(namespace, input);
        const throughSeq = await deps.ingest.flush(ref);
        const done = throughSeq === 0 || (await deps.ingest.waitIndexed(ref, throughSeq, deps.storeWaitMs));
        const answer = { flushed: done, through_seq: throughSeq, ...namesOf(ref), ...linksOf(ref) };
        return done ? { status: 200, body: answer } : { status: 202, body: { status: 'pending', ...answer } };
      },
    }),
    defineRoute({
      method: 'put',
      path: `${base}/policy`,
      auth: 'write',
      userOf: ({ query }) => query.user_id,
      tag,
      summary: 'Change a part of the policy; may come before the first message',
      params,
      query,
      body: policyPatch,
      bodyMayBeMissing: true,
      example: examples.changePolicy,
      responses: {
        200: {
          description: 'The whole policy',
          schema: policy.extend(workflowLink).meta({ id: 'PolicyChanged' }),
        },
      },
      whenErased: 'self',
      async handle(input, { namespace }) {
        const ref = refOf(namespace, input);
        const changed = await deps.ingest.setPolicy(ref, patchOf(input.body));
        return { status: 200, body: { ...policyOf(changed), ...workflowLinkOf(ref, deps.workflowUrl) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${base}/retry`,
      auth: 'write',
      tag,
      summary: 'Run failed ranges again',
      params,
      query,
      example: examples.retry,
      responses: { 202: { description: 'Put back to work', schema: retried } },
      mayBeMissing: true,
      userOf: ({ query }) => query.user_id,
      async handle(input, { namespace }) {
        const ref = refOf(namespace, input);
        const { ranges } = await deps.ingest.retry(ref);
        return { status: 202, body: { retried: ranges.map(wireRange), ...namesOf(ref), ...linksOf(ref) } };
      },
    }),
  ];

  function linksOf(ref: ConversationRef): object {
    return { ...workflowLinkOf(ref, deps.workflowUrl), status_url: statusUrlOf(ref) };
  }

  function wireView(ref: ConversationRef, view: ConversationView): object {
    return {
      ...namesOf(ref),
      phase: view.phase,
      appended_through: view.appendedThrough,
      indexed_through: view.indexedThrough,
      pending: view.pending,
      failed: view.failed.map(wireRange),
      next_flush_at: view.nextFlushAt?.toISOString() ?? null,
      volume: view.volume,
      policy: policyOf(view.policy),
      ...workflowLinkOf(ref, deps.workflowUrl),
    };
  }

  function emptyView(): ConversationView {
    return {
      phase: 'idle',
      appendedThrough: 0,
      indexedThrough: 0,
      pending: 0,
      failed: [],
      nextFlushAt: null,
      volume: volumeOf(0, deps.defaultPolicy.ingestion),
      policy: deps.defaultPolicy,
    };
  }
}

function namesOf(ref: ConversationRef): { conversation_id: string; user_id: string } {
  return { conversation_id: ref.conversationId, user_id: ref.userId };
}

function wireRange(range: {
  fromSeq: number;
  throughSeq: number;
  reason: string;
}): z.output<typeof failedRange> {
  return { from_seq: range.fromSeq, through_seq: range.throughSeq, reason: range.reason };
}

function patchOf({ ingestion: i, retrieval: r }: z.output<typeof policyPatch>): PolicyPatch {
  const seconds = i?.flush_interval_seconds;
  return {
    ingestion: defined({
      lowVolumeCutoff: i?.low_volume_cutoff,
      highVolumeCutoff: i?.high_volume_cutoff,
      lowVolumeBatchSize: i?.low_volume_batch_size,
      mediumVolumeBatchSize: i?.medium_volume_batch_size,
      highVolumeBatchSize: i?.high_volume_batch_size,
      flushIntervalMs: seconds === undefined ? undefined : Math.round(seconds * MS_PER_SECOND),
      maxBufferSize: i?.max_buffer_size,
    }),
    retrieval: defined({
      minSimilarity: r?.min_similarity,
      maxInjectionsPerMessage: r?.max_injections_per_message,
      reinjectionCooldownTurns: r?.reinjection_cooldown_turns,
      lookbackMessages: r?.lookback_messages,
    }),
  };
}

/** Only the fields that are there: a partial change leaves the others as they are. */
function defined<T extends Record<string, number | undefined>>(fields: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: number;
  };
}
