import { z } from 'zod';
import { LAYERS, MEMORY_TYPES } from '../../domain/memory';
import type { Where } from '../../record/where';
import { messageOf, type Issue } from '../validate';
import * as field from './fields';

const MAX_DEPTH = 8;
const MAX_CONDITIONS = 64;
const MAX_VALUES = 50;
const LIST = `must be a value or a list of 1 to ${MAX_VALUES}`;

/** One value, or a list that means "one of these". */
function oneOf<T extends z.ZodType>(value: T) {
  return z
    .union([value.transform((one) => [one]), z.array(value).min(1, LIST).max(MAX_VALUES, LIST)], {
      error: ({ input, errors }) => wrongValue(input, errors as readonly (readonly Issue[])[]),
    })
    .optional();
}

/** Says what a value is to be, and what is wrong with this one or with the first wrong one of its list. */
function wrongValue(input: unknown, [asValue, asList]: readonly (readonly Issue[])[]): string {
  if (typeof input !== 'string' && !Array.isArray(input)) return LIST;
  const wrong = (typeof input === 'string' ? asValue : asList?.filter((issue) => issue.path.length > 0))?.[0];
  return wrong ? `${LIST}: ${messageOf(wrong)}` : LIST;
}

/** As whereSql takes it. Its objects are told from anything else by sizeProblem first, which bounds their depth. */
const condition: z.ZodType<Where, Where> = z.lazy(() =>
  z
    .strictObject({
      and: z.array(condition).min(1, 'must hold at least one condition').optional(),
      or: z.array(condition).min(1, 'must hold at least one condition').optional(),
      not: condition.optional(),
      persona: oneOf(field.label),
      layer: oneOf(z.enum(LAYERS)),
      type: oneOf(z.enum(MEMORY_TYPES)),
      time: z
        .strictObject({ after: field.time.optional(), before: field.time.optional() })
        .refine(hasSome, 'must say `after`, `before` or both')
        .optional(),
      metadata: z.record(z.string(), z.unknown()).refine(hasSome, 'must name a key').optional(),
      conversation: oneOf(field.id),
      name: oneOf(field.label),
    })
    .refine(hasSome, 'must hold a condition'),
) as z.ZodType<Where, Where>;

/** `where` of POST /v1/retrieve. */
export const where = z
  .unknown()
  .superRefine((value, context) => {
    const message = sizeProblem(value) ?? field.metadataProblem(value);
    if (message) context.addIssue({ code: 'custom', message, fatal: true });
  })
  .pipe(condition)
  .meta({
    type: 'object',
    additionalProperties: true,
    description: `Conditions that must all hold: \`persona\`, \`layer\`, \`type\`, \`conversation\`, \`name\` (a value, or a list of alternatives), \`time\` ({after, before}), \`metadata\` (equality), and \`and\`, \`or\` (lists of such objects), \`not\` (one); at most ${MAX_CONDITIONS} objects, ${MAX_DEPTH} deep`,
  });

function hasSome(value: object): boolean {
  return Object.values(value).some((one) => one !== undefined);
}

/** What is wrong with the depth or the number of nested conditions; level by level, so that no depth is too deep. */
function sizeProblem(root: unknown): string | null {
  let level: unknown[] = [root];
  let count = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return `must not nest deeper than ${MAX_DEPTH} conditions`;
    count += level.length;
    if (count > MAX_CONDITIONS) return `must not hold more than ${MAX_CONDITIONS} conditions`;
    level = level.flatMap(nestedIn);
  }
  return null;
}

function nestedIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const { and, or, not } = value as { and?: unknown; or?: unknown; not?: unknown };
  return [
    ...(Array.isArray(and) ? and : []),
    ...(Array.isArray(or) ? or : []),
    ...(not === undefined ? [] : [not]),
  ];
}
