import { z } from 'zod';
import { LAYERS, MEMORY_TYPES } from '../domain/memory';

const unit = z.number().min(0).max(1);

/** What a language model is asked to read from a window of messages. */
export const extractionSchema = z.object({
  facts: z.array(
    z.object({
      content: z.string(),
      layer: z.enum(LAYERS),
      type: z.enum(MEMORY_TYPES),
      importance: unit,
      personas: z.array(z.string()),
      affect: z
        .object({ valence: z.number().min(-1).max(1), arousal: unit, emotion: z.string(), intensity: unit })
        .nullable(),
      holding: z
        .object({
          ticker: z.string().nullable(),
          asset: z.string().nullable(),
          shares: z.number().nullable(),
          price: z.number().nullable(),
          currency: z.string().nullable(),
          action: z.enum(['buy', 'sell', 'hold', 'goal']),
        })
        .nullable(),
      valid_from: z.string().nullable(),
      messages: z.array(z.number().int()),
      action: z.enum(['new', 'same', 'updates', 'contradicts']),
      known: z.number().int().nullable(),
    }),
  ),
});

/** The same, asked for the personas of some messages too. A model that says nothing of them has read the facts all the same. */
export const extractionWithPersonasSchema = extractionSchema.extend({
  personas: z.array(z.object({ part: z.number().int(), names: z.array(z.string()) })).catch([]),
});

export type Extraction = z.output<typeof extractionSchema>;
export type ExtractedFact = Extraction['facts'][number];
