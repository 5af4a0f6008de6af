import { z } from 'zod';

/** What a language model is asked to make of talks and long lines. */
export const tellingSchema = z.object({
  summaries: z.array(
    z.object({
      part: z.number().int(),
      sentences: z.array(z.object({ text: z.string(), lines: z.array(z.number().int()) })),
    }),
  ),
});
