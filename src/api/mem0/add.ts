import { z } from 'zod';
import { derivedMessageId } from '../../domain/import';
import { uuidV5 } from '../../domain/ids';
import type { ConversationRef, IncomingMessage } from '../../domain/message';
import { withdrawnMessageIds } from '../../record/messages';
import { getMemory } from '../../record/memories';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { namedAfter } from '../incoming';
import { fieldErrors } from '../problem';
import { defineRoute, type Answer, type Route } from '../route';
import * as field from '../schemas/fields';
import { writeMemory } from '../write-memory';
import { added, addedMemory, encodeEvent, eventStatus, outcomeOf, type AddedMemory } from './events';
import { entity, messageContent, moment } from './schemas';
import { KEPT_ENTITIES, ownerOf } from './scope';
import { expiryAfter, isTodayOrLater } from './times';

/** How often the same words may be said, withdrawn and said again in one conversation. */
const MAX_RETURNS = 1_000;

const message = z.object({
  role: z.enum(['user', 'assistant', 'system', 'tool']),
  content: messageContent,
  name: field.label.nullish(),
});

const request = z
  .object({
    messages: z.preprocess(
      (value) => (typeof value === 'string' ? [{ role: 'user', content: value }] : value),
      z.array(message).min(1).max(field.MAX_MESSAGES),
    ),
    user_id: entity('user_id').nullish(),
    agent_id: entity('agent_id').nullish(),
    app_id: entity('app_id').nullish(),
    run_id: entity('run_id').nullish(),
    metadata: field.metadata.nullish(),
    infer: z.boolean().nullish().meta({
      description: 'false: each message is a memory by itself, word for word; system messages are left out',
    }),
    timestamp: moment.nullish().meta({ description: 'When it was said: seconds since 1970' }),
    expiration_date: z
      .string()
      .nullish()
      .meta({ format: 'date', description: 'The last day; with infer: false alone' }),
  })
  .check((context) => {
    const refuse = (path: string[], text: string): void =>
      void context.issues.push({ code: 'custom', path, message: text, input: context.value });
    const { metadata, expiration_date: lastDay, infer } = context.value;
    if (ownerOf(context.value) === null)
      refuse(['user_id'], 'is required, or an agent_id, an app_id or a run_id: whose memories they are');
    for (const name of KEPT_ENTITIES)
      if (metadata && name in metadata) refuse(['metadata', name], 'goes beside metadata, not into it');
    if (typeof lastDay !== 'string') return;
    if (!isTodayOrLater(lastDay, new Date()))
      refuse(['expiration_date'], 'must be a day (YYYY-MM-DD), today or later');
    if (infer !== false)
      refuse(['expiration_date'], 'takes infer: false; what is said in a conversation does not expire');
  })
  .meta({ id: 'Mem0AddRequest' });
type AddRequest = z.output<typeof request>;

const answer = z
  .object({
    status: eventStatus,
    event_id: z.string().meta({ description: 'See GET /v1/event/{event_id}/' }),
    message: z.string(),
    results: z.array(addedMemory).meta({ description: 'Empty while it is PENDING' }),
    error: z.string().optional(),
  })
  .meta({ id: 'Mem0Added' });

/** `POST /v3/memories/add/`. */
export function addRoute(deps: ApiDependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v3/memories/add/',
    operationId: 'mem0_add',
    takesToken: true,
    auth: 'write',
    tag: 'mem0',
    summary: 'add',
    description:
      'Stores the messages as a conversation of the user (the run, or one that takes all without a run) and waits until they are indexed. What was said there before, word for word and with the same timestamp, is not stored again.',
    body: request,
    example: examples.add,
    responses: { 200: { description: 'Stored durably', schema: answer } },
    userOf: ({ body }) => ownerOf(body),
    whenErased: 'self',
    handle: ({ body }, { namespace }) => {
      const userId = ownerOf(body)!;
      return body.infer === false
        ? addVerbatim(deps, { namespace, userId }, body)
        : addConversation(deps, { namespace, userId, conversationId: body.run_id ?? userId }, body);
    },
  });
}

async function addConversation(
  deps: ApiDependencies,
  ref: ConversationRef,
  body: AddRequest,
): Promise<Answer> {
  const metadata = metadataOf(body);
  const messages = body.messages.map((one): IncomingMessage => ({
    messageId: '',
    role: one.role,
    content: one.content,
    name: one.name ?? null,
    timestamp: body.timestamp ?? null,
    metadata,
    forcedPersona: null,
  }));
  await nameMessages(deps, ref, messages);
  const appended = await deps.ingest.append(ref, messages, { flush: true }).catch(namedAfter('messages'));
  const { seqs, duplicate, throughSeq } = appended;
  await deps.ingest.waitIndexed(ref, throughSeq, deps.storeWaitMs);
  const fresh = new Set(seqs.filter((_, place) => !duplicate[place]));
  const outcome = await outcomeOf(deps, ref, seqs, (seq) => fresh.has(seq));
  const said = {
    PENDING: 'Messages are stored; their memories will be there shortly.',
    SUCCEEDED: 'Memories stored successfully',
    FAILED: 'Messages are stored, but not all of them could become memories.',
  };
  const event = { userId: ref.userId, conversationId: ref.conversationId, seqs };
  return {
    status: 200,
    body: { ...outcome, message: said[outcome.status], event_id: encodeEvent(event) },
  };
}

/** Gives messages the ids of what they say, so that what is sent again is known; said anew once it was withdrawn. */
async function nameMessages(
  { pool }: ApiDependencies,
  ref: ConversationRef,
  messages: IncomingMessage[],
): Promise<void> {
  const times = new Map<string, number>();
  let unnamed = messages;
  for (let round = 0; unnamed.length > 0 && round < MAX_RETURNS; round += 1) {
    for (const one of unnamed) {
      const digest = derivedMessageId(ref, one, 1);
      const occurrence = (times.get(digest) ?? 0) + 1;
      times.set(digest, occurrence);
      one.messageId = derivedMessageId(ref, one, occurrence);
    }
    const withdrawn = await withdrawnMessageIds(
      pool,
      ref,
      unnamed.map((one) => one.messageId),
    );
    unnamed = unnamed.filter((one) => withdrawn.has(one.messageId));
  }
}

async function addVerbatim(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  body: AddRequest,
): Promise<Answer> {
  const { expiration_date: lastDay, timestamp } = body;
  const results: AddedMemory[] = [];
  for (const { role, content } of body.messages) {
    if (role === 'system') continue;
    const said = [owner.namespace, owner.userId, body.run_id ?? null, timestamp ?? null, role, content];
    results.push(
      await writeOnce(deps, owner, said, {
        content,
        metadata: metadataOf(body),
        createdAt: timestamp,
        expiry: expiryAfter(lastDay),
      }),
    );
  }
  const event = { userId: owner.userId, conversationId: body.run_id ?? owner.userId, seqs: [] };
  return {
    status: 200,
    body: {
      status: 'SUCCEEDED',
      message: 'Memories stored successfully',
      event_id: encodeEvent(event),
      results,
    },
  };
}

/** Writes a memory unless it is there; anew when it was deleted, has expired or says something else by now. */
async function writeOnce(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  said: readonly unknown[],
  written: Omit<Parameters<typeof writeMemory>[2], 'id'>,
): Promise<AddedMemory> {
  for (let occurrence = 1; occurrence <= MAX_RETURNS; occurrence += 1) {
    const id = uuidV5(['mem0', ...said, occurrence]);
    const known = await getMemory(deps.pool, owner, id);
    if (known?.content === written.content) return added(known, false);
    const memory = known ? null : await writeMemory(deps, owner, { id, ...written });
    if (memory) return added(memory, true);
  }
  throw fieldErrors([
    { path: 'messages', message: `was said and withdrawn ${MAX_RETURNS} times already; say it otherwise` },
  ]);
}

function metadataOf(body: AddRequest): Record<string, unknown> {
  const entities = KEPT_ENTITIES.flatMap((name) => (body[name] ? [[name, body[name]] as const] : []));
  return { ...body.metadata, ...Object.fromEntries(entities) };
}
