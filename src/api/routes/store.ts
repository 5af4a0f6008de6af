import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { invalid } from '../../domain/errors';
import type { ConversationRef } from '../../domain/message';
import type { Appended } from '../../ingest/ingest';
import { extractionCounts, planExtraction } from '../../record/extraction-windows';
import { failedRanges } from '../../record/batches';
import { memoriesOfMessages } from '../../record/memories';
import type { ApiDependencies } from '../dependencies';
import { unreadParts } from '../degraded-parts';
import * as examples from '../examples/guide';
import { incomingMessage, namedAfter, sharedBy } from '../incoming';
import { defineRoute, type Answer, type Route } from '../route';
import { degraded, failedRange, item, workflowLink } from '../schemas/answers';
import { id, idProblem, metadata } from '../schemas/fields';
import { history, personaContext } from '../schemas/messages';
import { itemOf, statusUrlOf, workflowLinkOf } from '../wire';

const READ_POLL_MS = 200;

const storeRequest = z
  .object({
    user_id: id,
    history,
    conversation_id: id.nullish(),
    metadata: metadata.nullish(),
    persona_context: personaContext.nullish(),
  })
  .meta({ id: 'StoreRequest' });
type StoreRequest = z.output<typeof storeRequest>;

const count = z.int().min(0);
const stored = {
  memories_created: count,
  ids: z.array(z.string()).meta({ description: 'The memories that hold these messages' }),
  summary: z.string(),
  memories: z.array(item),
  duplicates_avoided: count.meta({ description: 'Messages known before and memories merged' }),
  updates_made: count.meta({ description: 'Memories superseded' }),
  existing_memories_checked: count.meta({ description: 'Memories these were compared with' }),
  conversation_id: z.string(),
  failed: z.array(failedRange).optional(),
  degraded,
  ...workflowLink,
};

/** Where a request's messages go: `conversation_id`, then `metadata.conversation_id`, then the user's own. */
export function conversationOf(
  body: Pick<StoreRequest, 'conversation_id' | 'metadata'>,
  userId: string,
): string {
  if (body.conversation_id) return body.conversation_id;
  const named = body.metadata?.['conversation_id'];
  if (named === undefined || named === null) return userId;
  const message = typeof named === 'string' ? idProblem(named) : 'must be a string';
  if (message) throw invalid([{ path: 'metadata.conversation_id', message }]);
  return named as string;
}

/** `POST /v1/store`. */
export function storeRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/store',
      auth: 'write',
      tag: 'guide',
      summary: 'Store a conversation and wait until it is indexed',
      body: storeRequest,
      example: examples.store,
      responses: {
        200: { description: 'Indexed', schema: z.object(stored).meta({ id: 'Stored' }) },
        202: {
          description: 'Stored durably, still being indexed',
          schema: z
            .object({ ...stored, status: z.literal('pending'), status_url: z.string() })
            .meta({ id: 'StorePending' }),
        },
      },
      userOf: ({ body }) => body.user_id,
      whenErased: 'self',
      handle: ({ body }, { namespace, newMessageId }) =>
        store(
          deps,
          { namespace, userId: body.user_id, conversationId: conversationOf(body, body.user_id) },
          body,
          newMessageId,
        ),
    }),
  ];
}

async function store(
  deps: ApiDependencies,
  ref: ConversationRef,
  body: StoreRequest,
  newMessageId: () => string,
): Promise<Answer> {
  const shared = sharedBy(body);
  const messages = body.history.map((message) => incomingMessage(message, newMessageId, shared));
  const appended = await deps.ingest.append(ref, messages, { flush: true }).catch(namedAfter('history'));
  const deadline = Date.now() + deps.storeWaitMs;
  const answer = {
    duplicates_avoided: appended.duplicates,
    // Raw memories are neither merged with nor compared to others; facts are, where a language model reads them.
    updates_made: 0,
    existing_memories_checked: 0,
    conversation_id: ref.conversationId,
    ...workflowLinkOf(ref, deps.workflowUrl),
  };
  const indexed = await deps.ingest.waitIndexed(ref, appended.throughSeq, deps.storeWaitMs);
  if (!indexed) {
    const summary = `${counted(messages.length, 'message')} stored; indexing goes on.`;
    const pending = {
      status: 'pending',
      memories_created: 0,
      ids: [],
      memories: [],
      summary,
      status_url: statusUrlOf(ref),
    };
    return { status: 202, body: { ...pending, ...answer } };
  }
  if (deps.extraction) {
    await planExtraction(deps.pool, ref, deps.extraction.tailAfterMs);
    Object.assign(answer, await readCounts(deps, ref, appended, deadline));
  }
  const memories = await memoriesOfMessages(deps.pool, ref, appended.seqs);
  const fresh = appended.seqs.filter((_, place) => !appended.duplicate[place]);
  const created = memories.filter(({ firstSeq, lastSeq }) =>
    fresh.some((seq) => firstSeq !== null && lastSeq !== null && firstSeq <= seq && seq <= lastSeq),
  ).length;
  const failed = (await failedRanges(deps.pool, ref))
    .filter((range) => appended.seqs.some((seq) => range.fromSeq <= seq && seq <= range.throughSeq))
    .map((range) => ({ from_seq: range.fromSeq, through_seq: range.throughSeq, reason: range.reason }));
  return {
    status: 200,
    body: {
      memories_created: created,
      ids: memories.map((memory) => memory.id),
      summary: `${counted(appended.accepted, 'message')} stored, ${counted(created, 'memory', 'memories')} created, ${counted(answer.duplicates_avoided, 'duplicate')} avoided.`,
      memories: memories.map(itemOf),
      ...(failed.length > 0 ? { failed } : {}),
      ...answer,
    },
  };
}

/** What the language model made of these messages, as far as it gets to them in time. */
async function readCounts(
  deps: ApiDependencies,
  ref: ConversationRef,
  appended: Appended,
  deadline: number,
): Promise<{
  duplicates_avoided: number;
  updates_made: number;
  existing_memories_checked: number;
  degraded?: string[];
}> {
  for (;;) {
    const counts = await extractionCounts(deps.pool, ref, appended.fromSeq, appended.throughSeq);
    if (counts.waiting === 0 || Date.now() >= deadline) {
      return {
        duplicates_avoided: appended.duplicates + counts.duplicatesAvoided,
        updates_made: counts.updatesMade,
        existing_memories_checked: counts.existingChecked,
        ...unreadParts(counts.waiting + counts.degraded > 0),
      };
    }
    await sleep(Math.min(READ_POLL_MS, Math.max(0, deadline - Date.now())));
  }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
