import { z } from 'zod';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/mem0';
import { defineRoute, type Route } from '../route';
import * as field from '../schemas/fields';
import { allOf, isAlways } from './conditions';
import * as mem0 from './schemas';
import { mem0Memories, withFields } from './wire';
import type { Where } from '../../record/where';

const DEFAULT_TOP_K = 10;
const DEFAULT_THRESHOLD = 0.1;

const searchRequest = z
  .object({
    query: field.content,
    filters: mem0.filters,
    top_k: field.integer(1, field.MAX_RETRIEVE_LIMIT).nullish(),
    threshold: z
      .number()
      .min(0)
      .max(1)
      .nullish()
      .meta({
        description: `Least score; ${DEFAULT_THRESHOLD} by default`,
      }),
    reference_date: mem0.moment.nullish().meta({ description: 'When it is asked' }),
    categories: mem0.categories,
    metadata: field.metadata.nullish().meta({ description: 'Equality' }),
    fields: mem0.fields,
    ...mem0.outside,
  })
  .meta({ id: 'Mem0SearchRequest' });

const found = z
  .object({
    results: z.array(
      mem0.mem0Memory
        .extend({ score: z.number().min(0).max(1) })
        .partial()
        .required({ id: true, memory: true }),
    ),
  })
  .meta({ id: 'Mem0Found' });

const listRequest = z
  .object({
    filters: mem0.filters,
    start_date: mem0.span.nullish(),
    end_date: mem0.span.nullish().meta({ description: 'Inclusive' }),
    categories: mem0.categories,
    keywords: z.string().min(1).nullish().meta({ description: 'In any case' }),
    fields: mem0.fields,
    page: field.integer(1, 1_000_000).nullish(),
    page_size: field.integer(1, mem0.MAX_PAGE_SIZE).nullish(),
    ...mem0.outside,
  })
  .meta({ id: 'Mem0ListRequest' });

const listed = z
  .object({
    count: z.int().min(0),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(mem0.mem0Memory.partial().required({ id: true, memory: true })),
  })
  .meta({ id: 'Mem0Memories' });

/** `POST /v3/memories/search/` and `POST /v3/memories/`. */
export function recallRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v3/memories/search/',
      operationId: 'mem0_search',
      takesToken: true,
      auth: 'read',
      tag: 'mem0',
      summary: 'search',
      body: searchRequest,
      example: examples.search,
      responses: { 200: { description: 'Best first', schema: found } },
      userOf: ({ body }) => body.filters.userId,
      async handle({ body }, { namespace }) {
        const owner = { namespace, userId: body.filters.userId };
        const { memories } = await deps.recall.retrieve({
          ...owner,
          query: body.query,
          limit: body.top_k ?? DEFAULT_TOP_K,
          offset: 0,
          filter: filterOf(
            body.filters.where,
            body.categories ? { persona: body.categories } : {},
            body.metadata ? { metadata: body.metadata } : {},
          ),
          asOf: body.reference_date ?? undefined,
        });
        const least = body.threshold ?? DEFAULT_THRESHOLD;
        const passing = memories.filter((memory) => memory.score >= least);
        const shown = await mem0Memories(deps, owner, passing);
        const results = shown.map((memory, place) =>
          withFields({ ...memory, score: passing[place]!.score }, body.fields),
        );
        return { status: 200, body: { results } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v3/memories/',
      operationId: 'mem0_get_all',
      takesToken: true,
      auth: 'read',
      tag: 'mem0',
      summary: 'getAll',
      query: mem0.page,
      body: listRequest,
      example: examples.list,
      responses: { 200: { description: 'One page, the newest first', schema: listed } },
      userOf: ({ body }) => body.filters.userId,
      async handle({ body, query }, { namespace }) {
        const owner = { namespace, userId: body.filters.userId };
        const page = query.page ?? body.page ?? 1;
        const pageSize = query.page_size ?? body.page_size ?? mem0.DEFAULT_PAGE_SIZE;
        const time = { after: body.start_date?.from, before: body.end_date?.to };
        const { memories, total } = await deps.recall.retrieve({
          ...owner,
          query: null,
          limit: pageSize,
          offset: (page - 1) * pageSize,
          filter: filterOf(
            body.filters.where,
            time.after || time.before ? { time } : {},
            body.categories ? { persona: body.categories } : {},
            body.keywords ? { says: { text: body.keywords, anyCase: true } } : {},
          ),
        });
        const results = (await mem0Memories(deps, owner, memories)).map((one) =>
          withFields(one, body.fields),
        );
        return {
          status: 200,
          body: {
            count: total,
            ...mem0.neighbours('/v3/memories/', { page, pageSize, total }),
            results,
          },
        };
      },
    }),
  ];
}

function filterOf(...conditions: Where[]): { where?: Where } {
  const where = allOf(conditions);
  return isAlways(where) ? {} : { where };
}
