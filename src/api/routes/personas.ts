import { z } from 'zod';
import { readPersonaStates, type PersonaState } from '../../record/persona-states';
import { personaEvidence } from '../../record/readings';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/users';
import { defineRoute, type Route } from '../route';
import { id } from '../schemas/fields';

const SHIFTS = 20;

const time = z.string().meta({ format: 'date-time' });
const share = z.number().min(0).max(1);
const source = z.enum(['forced', 'query', 'active', 'remembered', 'default']).meta({
  description:
    'Why: the caller forced it, the query says so, it was active, it was remembered, or nothing spoke for another',
});

const shift = z.object({
  state_snapshot_id: z.string(),
  persona: z.string(),
  confidence: share,
  source,
  mood: z.string().nullable(),
  active_personas: z.array(z.string()),
  scores: z.record(z.string(), share).meta({ description: 'How probable each persona was, when last seen' }),
  requests: z.int(),
  since: time,
  seen_at: time,
});

const personaAnswer = z
  .object({
    user_id: z.string(),
    selected: z.string().nullable().meta({
      description:
        'Of the last request that had a persona; else what most memories are about; null when there are none',
    }),
    confidence: share,
    state_snapshot_id: z.string().nullable(),
    mood: z.string().nullable(),
    evidence: z.array(
      z.object({
        persona: z.string(),
        memories: z.int().meta({ description: 'Memories that bear its tag' }),
        first: z.int().meta({ description: 'Of these, those of which it is the first tag' }),
        by_language_model: z.int().meta({
          description:
            'Of the memories, those that a language model gave the tag, since reading them without it was unsure',
        }),
        confidence: share
          .nullable()
          .meta({ description: 'Mean confidence of the classifier, where it was asked' }),
        last_at: time,
        memory_ids: z.array(z.string()).meta({ description: 'The newest of them' }),
      }),
    ),
    shifts: z.array(shift).meta({
      description: 'How requests found the persona, a row from one change to the next, newest first',
    }),
  })
  .meta({ id: 'PersonaState' });

/** `GET /v1/users/{user_id}/persona`. */
export function personaRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/users/{user_id}/persona',
      auth: 'read',
      userOf: ({ params }) => params.user_id,
      tag: 'users',
      summary: 'A user’s persona and how it came about',
      params: z.object({ user_id: id }),
      example: examples.persona,
      responses: { 200: { description: 'The state; empty for a user nobody knows', schema: personaAnswer } },
      async handle({ params }, { namespace }) {
        const owner = { namespace, userId: params.user_id };
        const [states, evidence] = await Promise.all([
          readPersonaStates(deps.pool, owner, SHIFTS),
          personaEvidence(deps.pool, owner),
        ]);
        const now = states[0];
        const firsts = evidence.reduce((sum, one) => sum + one.first, 0);
        const most = evidence[0];
        return {
          status: 200,
          body: {
            user_id: params.user_id,
            selected: now?.persona ?? most?.persona ?? null,
            confidence: now?.confidence ?? (most && firsts > 0 ? most.first / firsts : 0),
            state_snapshot_id: now?.snapshotId ?? null,
            mood: now?.mood ?? null,
            evidence: evidence.map((one) => ({
              persona: one.persona,
              memories: one.memories,
              first: one.first,
              by_language_model: one.told,
              confidence: one.confidence,
              last_at: one.lastAt.toISOString(),
              memory_ids: one.memoryIds,
            })),
            shifts: states.map(shiftOf),
          },
        };
      },
    }),
  ];
}

function shiftOf(state: PersonaState): z.output<typeof shift> {
  return {
    state_snapshot_id: state.snapshotId,
    persona: state.persona,
    confidence: state.confidence,
    source: state.source,
    mood: state.mood,
    active_personas: [...state.active],
    scores: state.scores,
    requests: state.requests,
    since: state.since.toISOString(),
    seen_at: state.seenAt.toISOString(),
  };
}
