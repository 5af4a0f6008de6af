import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ensureError } from '../domain/errors';

const MAX_PERSONAS = 50;
const MAX_EXAMPLES = 500;
const MAX_TEXT_CHARS = 1_000;
/** Weights may be rounded. */
const SUM_TOLERANCE = 0.02;

const text = z.string().trim().min(1).max(MAX_TEXT_CHARS);
const weight = z.number().min(0).max(1);
const persona = z.strictObject({
  name: z
    .string()
    .trim()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,63}$/u, 'must be 1 to 64 letters, digits, spaces, _ or -')
    .refine((name) => name.toLowerCase() !== 'none', 'must not be "none"'),
  description: text.optional(),
  weights: z
    .strictObject({ semantic: weight, temporal: weight, importance: weight, emotional: weight })
    .refine(
      (of) => Math.abs(of.semantic + of.temporal + of.importance + of.emotional - 1) <= SUM_TOLERANCE,
      'must add up to 1',
    )
    .optional(),
  examples: z.array(text).max(MAX_EXAMPLES).default([]),
});
const schema = z
  .array(persona)
  .max(MAX_PERSONAS)
  .refine(
    (all) => new Set(all.map((one) => one.name.toLowerCase())).size === all.length,
    'names must differ',
  );

/** A persona that configuration adds, or gives examples or weights of its own. */
export interface ConfiguredPersona {
  persona: string;
  /** Sentences it is recognised by; without any it can be forced and be active only. */
  examples: string[];
  weights?: { semantic: number; temporal: number; importance: number; emotional: number } | undefined;
}

/** Reads PERSONAS_FILE; none when it is empty. @throws Error that names what is wrong */
export function readPersonas(file: string): ConfiguredPersona[] {
  if (file === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`PERSONAS_FILE: ${file} cannot be read as JSON: ${ensureError(cause).message}`, {
      cause,
    });
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) {
    const problems = checked.error.issues.map(
      (issue) => `${issue.path.join('.') || 'the list'}: ${issue.message}`,
    );
    throw new Error(`PERSONAS_FILE: ${problems.join('; ')}`);
  }
  return checked.data.map(({ name, description, weights, examples }) => ({
    persona: name,
    examples: [...new Set([...(description && examples.length > 0 ? [description] : []), ...examples])],
    weights,
  }));
}
