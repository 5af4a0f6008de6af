import { z } from 'zod';
import { LAYERS, MEMORY_TYPES } from '../../domain/memory';
import { ROLES } from '../../domain/message';

const time = z.string().meta({ format: 'date-time' });
const unit = z.number().min(0).max(1);
const count = z.int().min(0);

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
export type Problem = z.output<typeof problem>;

/** In answers that are less than was asked for. */
export const degraded = z.array(z.string()).optional().meta({
  description:
    'Parts that were down: `retrieval` (nothing was looked for), `narrative` (told without the language model), `extraction` (the language model has not read all of these messages, and does so later)',
});

export const item = z
  .object({
    id: z.string(),
    content: z.string(),
    layer: z.enum(LAYERS),
    type: z.enum(MEMORY_TYPES),
    score: unit,
    relevance: unit,
    metadata: z.record(z.string(), z.unknown()),
    importance: unit,
    persona_tags: z.array(z.string()),
    emotional_signature: z
      .object({
        valence: z.number().min(-1).max(1),
        arousal: unit,
        emotion: z.string(),
        intensity: unit,
      })
      .nullable(),
    created_at: time,
    stored_at: time,
    source_message_ids: z.array(z.string()),
    matches: z.array(
      z.object({
        message_id: z.string(),
        role: z.enum(ROLES),
        name: z.string().nullable(),
        content: z.string(),
        timestamp: time,
        score: unit,
      }),
    ),
  })
  .meta({ id: 'Item' });
export type Item = z.output<typeof item>;

export const summary = z
  .object({
    id: z.string(),
    tier: z.enum(['episodic', 'arc']),
    persona: z.string().nullable(),
    text: z.string(),
    confidence: unit,
    freshness: unit,
    source_ids: z.array(z.string()),
    from: time,
    to: time,
    created_at: time,
    degraded: z.boolean().optional().meta({
      description: 'true: made without the language model there is, which tells it later',
    }),
  })
  .meta({ id: 'Summary' });
export type WireSummary = z.output<typeof summary>;

export const injection = z
  .object({
    memory_id: z.string().meta({
      description:
        'Of a summary that is injected in place of its memories (layer `episodic`): the summary’s id',
    }),
    content: z.string(),
    source: z.enum(['short_term', 'long_term', 'system']),
    channel: z.string(),
    score: unit,
    metadata: z.object({ layer: z.enum(LAYERS), conversation_id: z.string() }),
  })
  .meta({ id: 'Injection' });
export type WireInjection = z.output<typeof injection>;

/** The workflow that indexes a conversation; the address is there when the Temporal UI's is known. */
export const workflowLink = { workflow_id: z.string(), workflow_url: z.string().optional() };

export const policy = z
  .object({
    ingestion: z.object({
      low_volume_cutoff: count,
      high_volume_cutoff: count,
      low_volume_batch_size: count,
      medium_volume_batch_size: count,
      high_volume_batch_size: count,
      flush_interval_seconds: z.number(),
      max_buffer_size: count,
    }),
    retrieval: z.object({
      min_similarity: unit,
      max_injections_per_message: count,
      reinjection_cooldown_turns: count,
      lookback_messages: count,
    }),
  })
  .meta({ id: 'Policy' });
export type WirePolicy = z.output<typeof policy>;

export const failedRange = z
  .object({ from_seq: z.int(), through_seq: z.int(), reason: z.string() })
  .meta({ id: 'FailedRange' });

export const conversation = z
  .object({
    conversation_id: z.string(),
    user_id: z.string(),
    phase: z.enum(['idle', 'buffering', 'indexing', 'held']),
    appended_through: count,
    indexed_through: count.meta({ description: 'Everything up to it is indexed or failed' }),
    pending: count,
    failed: z.array(failedRange),
    next_flush_at: time.nullable(),
    volume: z.enum(['low', 'medium', 'high']),
    policy,
    degraded,
    ...workflowLink,
  })
  .meta({ id: 'Conversation' });
