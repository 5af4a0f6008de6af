import { z } from 'zod';
import { LAYERS, MEMORY_TYPES, SILENT_VALENCE } from '../../domain/memory';

import * as field from './fields';

const MAX_TAGS = 20;
/** A hundred years. */
const MAX_TTL_SECONDS = 3_155_760_000;

function between(least: number, most: number): z.ZodNumber {
  const message = `must be a number between ${least} and ${most}`;
  return z.number(message).min(least, message).max(most, message);
}

const tags = z.array(field.label).max(MAX_TAGS, `must hold at most ${MAX_TAGS} tags`);
const ttlSeconds = field
  .integer(1, MAX_TTL_SECONDS)
  .meta({ description: 'From now on; afterwards it is never returned' });

/** The body of `POST /v1/memories/direct`. */
export const newMemory = z
  .strictObject({
    user_id: field.id,
    content: field.content,
    layer: z.enum(LAYERS).nullish(),
    type: z.enum(MEMORY_TYPES).nullish(),
    importance: between(0, 1).nullish(),
    persona_tags: tags.nullish(),
    metadata: field.metadata.nullish(),
    ttl_seconds: ttlSeconds.nullish(),
    event_timestamp: field.time.nullish(),
    emotional_signature: z
      .strictObject({
        valence: between(-1, 1),
        arousal: between(0, 1),
        emotion: field.label,
        intensity: between(0, 1),
      })
      .nullish()
      .meta({
        description: `A valence of at most ${SILENT_VALENCE}, on either side, is nothing felt: null. Left out: as it reads`,
      }),
  })
  .meta({ id: 'NewMemory' });
export type NewMemory = z.output<typeof newMemory>;

/** A `memory` line of an export, of a memory that no batch of messages made. */
export const exportedMemory = z.object({
  user_id: field.id,
  expires_at: field.time.nullish(),
  memory: z.object({
    ...newMemory.pick({
      content: true,
      layer: true,
      type: true,
      importance: true,
      persona_tags: true,
      emotional_signature: true,
      metadata: true,
    }).shape,
    id: z.uuid('must be a UUID'),
    created_at: field.time.nullish(),
    source_message_ids: z.array(field.id).nullish(),
  }),
});

/** The body of `PATCH /v1/memories/{id}`: what is left out stays. */
export const memoryPatch = z
  .strictObject({
    content: field.content.optional(),
    layer: z.enum(LAYERS).optional(),
    importance: between(0, 1).optional(),
    persona_tags: tags.optional(),
    metadata: field.metadata
      .optional()
      .meta({ description: 'Merged key by key; null takes a key out, our own keys stay' }),
    ttl_seconds: ttlSeconds.nullable().optional().meta({ description: 'null: it does not expire any more' }),
  })
  .check((context) => {
    if (Object.values(context.value).some((value) => value !== undefined)) return;
    const message =
      'must name at least one of content, layer, importance, persona_tags, metadata, ttl_seconds';
    context.issues.push({ code: 'custom', message, input: context.value });
  })
  .meta({ id: 'MemoryPatch' });
export type MemoryPatch = z.output<typeof memoryPatch>;

export const memoryDeleted = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .meta({ id: 'MemoryDeleted' });
