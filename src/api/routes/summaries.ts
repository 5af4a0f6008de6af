import { z } from 'zod';
import { readSummaries } from '../../recall/read-summaries';
import { tell } from '../../recall/tell';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/users';
import { defineRoute, type Route } from '../route';
import { degraded, summary } from '../schemas/answers';
import * as field from '../schemas/fields';
import { degradedParts } from '../degraded-parts';
import { summaryOf } from '../wire';

const DEFAULT_NARRATIVE_LIMIT = 20;
/** The first sentences of a narrative, in short. */
const SHORT_STATEMENTS = 3;

const listed = z.object({ user_id: z.string(), summaries: z.array(summary) }).meta({ id: 'Summaries' });

const narrativeBody = z
  .strictObject({
    user_id: field.id,
    query: field.query.nullish(),
    start_time: field.time.nullish().meta({ description: 'Inclusive' }),
    end_time: field.time.nullish().meta({ description: 'Exclusive' }),
    limit: field.integer(1, field.MAX_RETRIEVE_LIMIT).nullish(),
  })
  .meta({ id: 'NarrativeRequest' });

const narrativeAnswer = z
  .object({
    user_id: z.string(),
    narrative: z.string().meta({ description: 'Empty only when there is nothing to tell' }),
    summary: z.string().meta({ description: 'What matters most of it' }),
    sources: z.array(
      z.object({
        statement: z.string(),
        source_ids: z.array(z.string()).meta({ description: 'The memories it says something of' }),
        said_at: z.string().meta({ format: 'date-time' }),
      }),
    ),
    degraded,
  })
  .meta({ id: 'Narrative' });

/** A user's summaries, and what they tell. */
export function summaryRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/summaries',
      tag: 'users',
      summary: 'A user’s summaries as they stand, in the order of their time',
      description:
        'Episodic ones sum up an episode of one conversation, an open one as far as it has come; arcs a persona’s long line. `source_ids` are the memories of an episode, and the episodic summaries of an arc.',
      params: z.object({ user_id: field.id }),
      query: z.object({
        tier: z.enum(['episodic', 'arc']).optional(),
        persona: field.label.optional(),
        limit: field
          .wholeNumber(1, field.MAX_RETRIEVE_LIMIT)
          .optional()
          .meta({ description: 'Of more, the latest' }),
      }),
      example: examples.summaries,
      responses: { 200: { description: 'The summaries', schema: listed } },
      auth: 'read',
      userOf: ({ params }) => params.user_id,
      async handle({ params, query }, { namespace }) {
        const found = await readSummaries(
          deps.pool,
          { namespace, userId: params.user_id },
          { tier: query.tier, persona: query.persona, limit: query.limit ?? field.MAX_RETRIEVE_LIMIT },
        );
        return { status: 200, body: { user_id: params.user_id, summaries: found.map(summaryOf) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/narrative',
      tag: 'users',
      summary: 'What happened, told from summaries, each statement with its sources',
      description:
        'With a language model it tells what answers the query first, from summaries and what was said; without one, and when it is of no use now (`degraded`), the summaries’ own sentences are told.',
      body: narrativeBody,
      example: examples.narrative,
      responses: { 200: { description: 'The narrative', schema: narrativeAnswer } },
      auth: 'read',
      userOf: ({ body }) => body.user_id,
      async handle({ body }, { namespace }) {
        const limit = body.limit ?? DEFAULT_NARRATIVE_LIMIT;
        const from = body.start_time ?? undefined;
        const to = body.end_time ?? undefined;
        const retrieve = {
          namespace,
          userId: body.user_id,
          query: body.query ?? null,
          limit,
          offset: 0,
          filter: { createdAfter: from, createdBefore: to },
        };
        const found = await deps.recall.retrieve(retrieve);
        const told = await tell(
          deps,
          { retrieve, granularity: 'episodic', from, to, limit, narrative: true },
          found,
        );
        return {
          status: 200,
          body: {
            user_id: body.user_id,
            narrative: told.narrative ?? '',
            summary: told.statements
              .slice(0, SHORT_STATEMENTS)
              .map((statement) => statement.text)
              .join(' '),
            sources: told.statements.map((statement) => ({
              statement: statement.text,
              source_ids: statement.sourceIds,
              said_at: statement.saidAt.toISOString(),
            })),
            ...degradedParts(deps, told),
          },
        };
      },
    }),
  ];
}
