import { z } from 'zod';
import { LAYERS, MEMORY_TYPES } from '../../domain/memory';
import { GRANULARITIES } from '../../recall/granularity';
import type { RetrieveRequest, RetrieveResult } from '../../recall/recall';
import { tell } from '../../recall/tell';
import { rememberedPersona } from '../../recall/remembered-persona';
import { observePersona, readPersonaStates } from '../../record/persona-states';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/guide';
import { defineRoute, type Route } from '../route';
import { degraded, item, summary } from '../schemas/answers';
import * as field from '../schemas/fields';
import { personaContext } from '../schemas/messages';
import { where } from '../schemas/where';
import { financeAnswer, financeOf, readFinance } from '../finance';
import { degradedParts } from '../degraded-parts';
import { itemOf, summaryOf } from '../wire';

const DEFAULT_LIMIT = 10;
/** How far back a persona that nobody forced is looked for. */
const STATES_REMEMBERED = 10;
const MAX_MOOD_CHARS = 200;
const NOT_KEY_VALUE = 'must be key:value, such as conversation_id:chat-42';

/** Checked after the union of one and many: a union that fails only says that none of its members fits. */
const metadataPairs = z.union([z.string(), z.array(z.string())]).transform((given, context) => {
  const texts = [given].flat();
  const unusable = texts.map(field.queryProblem).find((problem) => problem !== null);
  const message = unusable ?? (texts.some((text) => text.indexOf(':') < 1) ? NOT_KEY_VALUE : null);
  if (message) context.addIssue({ code: 'custom', message });
  return texts.map((text) => {
    const colon = text.indexOf(':');
    return { key: text.slice(0, colon), value: text.slice(colon + 1) };
  });
});

const mode = z.enum(['keyword', 'vector', 'hybrid']).meta({
  description: 'By words, by meaning (needs an embedder), or by both, as by default',
});

const getQuery = z.object({
  user_id: field.id,
  query: field.query.optional(),
  layer: z.enum(LAYERS).optional(),
  type: z.enum(MEMORY_TYPES).optional(),
  persona: field.label.optional().meta({ description: 'One of the memories’ persona_tags' }),
  sort: z.enum(['newest', 'oldest']).optional(),
  mode: mode.optional(),
  limit: field.wholeNumber(1, field.MAX_RETRIEVE_LIMIT).optional(),
  offset: field.wholeNumber(0, field.MAX_OFFSET).optional(),
  created_after: field.time.optional(),
  created_before: field.time.optional(),
  metadata_filter: metadataPairs
    .optional()
    .meta({ type: 'array', items: { type: 'string' }, description: 'key:value; may be repeated' }),
});

const postBody = z
  .object({
    user_id: field.id,
    query: field.query.nullish(),
    limit: field.integer(1, field.MAX_RETRIEVE_LIMIT).nullish(),
    offset: field.integer(0, field.MAX_OFFSET).nullish(),
    persona_context: personaContext.nullish(),
    granularity: z.enum(GRANULARITIES).nullish(),
    include_narrative: z.boolean().nullish(),
    explain: z.boolean().nullish(),
    filters: field.metadata.nullish().meta({ description: 'Equality on metadata' }),
    created_after: field.time.nullish(),
    created_before: field.time.nullish(),
    mode: mode.nullish(),
    where: where.nullish().meta({ type: ['object', 'null'] }),
    conversation_id: field.id.nullish().meta({
      description: 'Where it is asked: its last turns help to read a follow-up',
    }),
  })
  .meta({ id: 'RetrieveRequest' });
type PostBody = z.output<typeof postBody>;

const listAnswer = z
  .object({
    results: z.array(item),
    pagination: z.object({ limit: z.int(), offset: z.int(), total: z.int() }),
    finance: financeAnswer,
  })
  .meta({ id: 'RetrievedList' });

const weights = z.object({
  semantic: z.number(),
  temporal: z.number(),
  importance: z.number(),
  emotional: z.number(),
});

const personaAnswer = z
  .object({
    persona: z.object({
      selected: z.string(),
      confidence: z.number().min(0).max(1),
      state_snapshot_id: z.string().nullable(),
    }),
    results: z.object({
      granularity: z.enum(['raw', 'episodic', 'arc']),
      memories: z.array(item),
      summaries: z.array(summary),
      narrative: z.string().nullable().meta({ description: 'A string whenever asked for' }),
    }),
    explainability: z
      .object({
        weights,
        source_links: z.array(
          weights.extend({ id: z.string(), score: z.number(), keyword: z.number(), reason: z.string() }),
        ),
      })
      .nullable()
      .meta({ description: 'With `explain`' }),
    degraded,
  })
  .meta({ id: 'Retrieved' });

/** `GET` and `POST /v1/retrieve`. */
export function retrieveRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/retrieve',
      auth: 'read',
      userOf: ({ query }) => query.user_id,
      tag: 'guide',
      summary: 'Memories that answer a query, or the newest ones',
      query: getQuery,
      example: examples.retrieveList,
      responses: { 200: { description: 'One page', schema: listAnswer } },
      async handle({ query }, { namespace }) {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const offset = query.offset ?? 0;
        const owner = { namespace, userId: query.user_id };
        const [found, finance] = await Promise.all([
          deps.recall.retrieve({
            ...owner,
            query: query.query ?? null,
            limit,
            offset,
            sort: query.sort,
            mode: query.mode,
            filter: {
              layer: query.layer,
              type: query.type,
              persona: query.persona,
              createdAfter: query.created_after,
              createdBefore: query.created_before,
              metadata: query.metadata_filter,
            },
          }),
          readFinance(deps.pool, owner),
        ]);
        return {
          status: 200,
          body: {
            results: found.memories.map(itemOf),
            pagination: { limit, offset, total: found.total },
            finance: finance && financeOf(query.user_id, finance),
          },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/retrieve',
      auth: 'read',
      tag: 'guide',
      summary: 'Memories seen through a persona, with a narrative and the reasons',
      body: postBody,
      example: examples.retrieve,
      responses: { 200: { description: 'Memories, best first', schema: personaAnswer } },
      userOf: ({ body }) => body.user_id,
      async handle({ body }, { namespace }) {
        const owner = { namespace, userId: body.user_id };
        const states = await readPersonaStates(deps.pool, owner, STATES_REMEMBERED);
        const retrieve = personaRequest(namespace, body, rememberedPersona(states, new Date()));
        const found = await deps.recall.retrieve(retrieve);
        // A further page is the same question again.
        const snapshot =
          retrieve.offset > 0 && states[0]
            ? states[0].snapshotId
            : await observe(deps.pool, owner, body, found);
        const told = await tell(
          deps,
          {
            retrieve,
            // Who asks for neither wants what was said, and soon.
            granularity: body.granularity ?? (body.include_narrative ? 'auto' : 'raw'),
            from: body.created_after ?? undefined,
            to: body.created_before ?? undefined,
            limit: retrieve.limit,
            narrative: body.include_narrative ?? false,
          },
          found,
        );
        return {
          status: 200,
          body: {
            persona: {
              selected: found.persona.selected,
              confidence: found.persona.confidence,
              state_snapshot_id: snapshot,
            },
            results: {
              granularity: told.granularity,
              memories: told.memories.map(itemOf),
              summaries: told.summaries.map(summaryOf),
              narrative: told.narrative,
            },
            explainability: body.explain ? explained({ ...found, memories: told.memories }) : null,
            ...degradedParts(deps, told),
          },
        };
      },
    }),
  ];
}

/** Keeps a request's persona as the user's state. @returns its snapshot; null for a user who has stored nothing */
async function observe(
  pool: ApiDependencies['pool'],
  owner: { namespace: string; userId: string },
  body: PostBody,
  { persona }: RetrieveResult,
): Promise<string | null> {
  const context = body.persona_context;
  return observePersona(pool, owner, {
    persona: persona.selected,
    confidence: persona.confidence,
    source: persona.source,
    scores: persona.scores,
    mood: context?.mood?.slice(0, MAX_MOOD_CHARS) ?? null,
    active: context?.active_personas ?? [],
  });
}

function personaRequest(namespace: string, body: PostBody, remembered: string | null): RetrieveRequest {
  const context = body.persona_context;
  return {
    namespace,
    userId: body.user_id,
    query: body.query ?? null,
    limit: body.limit ?? DEFAULT_LIMIT,
    offset: body.offset ?? 0,
    filter: {
      createdAfter: body.created_after ?? undefined,
      createdBefore: body.created_before ?? undefined,
      metadataEquals: body.filters ?? undefined,
      where: body.where ?? undefined,
    },
    mode: body.mode ?? undefined,
    conversationId: body.conversation_id,
    persona: {
      forced: context?.forced_persona ?? null,
      active: context?.active_personas ?? [],
      mood: context?.mood ?? null,
      remembered,
    },
  };
}

function explained(found: RetrieveResult): z.output<typeof personaAnswer>['explainability'] {
  return {
    weights: found.weights,
    source_links: found.memories.map((memory) => ({ id: memory.id, score: memory.score, ...memory.explain })),
  };
}
