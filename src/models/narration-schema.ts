import { z } from 'zod';

/** What a language model is asked to tell. */
export const narrationSchema = z.object({
  sentences: z.array(z.object({ text: z.string(), lines: z.array(z.number().int()) })),
});
