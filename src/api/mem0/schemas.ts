import { z } from 'zod';
import * as field from '../schemas/fields';
import { isObject } from './conditions';
import { readFilters, type ReadFilters } from './filters';
import { ENTITIES, entityProblem, type Entity } from './scope';
import { SPAN_MESSAGE, momentOf, spanOf } from './times';

export const MAX_PAGE_SIZE = 200;
export const DEFAULT_PAGE_SIZE = 100;
export const MAX_BATCH = 1_000;
const MAX_FIELDS = 50;

/** A memory as mem0's clients read it. */
export const mem0Memory = z
  .object({
    id: z.string(),
    memory: z.string(),
    user_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    app_id: z.string().nullable(),
    run_id: z.string().nullable(),
    session_id: z.string().nullable().meta({ description: 'The run again, by its other name' }),
    metadata: z.record(z.string(), z.unknown()),
    categories: z.array(z.string()).meta({ description: 'The personas it is about' }),
    created_at: z.string().meta({ format: 'date-time', description: 'When it was said' }),
    updated_at: z.string().meta({ format: 'date-time', description: 'When it came in' }),
    expiration_date: z.string().nullable().meta({ format: 'date' }),
  })
  .meta({ id: 'Mem0Memory' });
export type Mem0Memory = z.output<typeof mem0Memory>;

export const mem0Message = z.object({ message: z.string() }).meta({ id: 'Mem0Message' });

/** An id in one of mem0's fields. */
export function entity(name: Entity) {
  return z
    .string()
    .check((context) => {
      const message = entityProblem(name, context.value);
      if (message) context.issues.push({ code: 'custom', message, input: context.value });
    })
    .meta({ minLength: 1, maxLength: field.MAX_ID_CHARS });
}

/** `filters`, of which mem0 wants the entities inside and nowhere else. */
export const filters = z
  .unknown()
  .transform((value, context): ReadFilters => {
    const result = readFilters(value);
    if ('read' in result) return result.read;
    for (const { path, message } of result.errors)
      context.addIssue({ code: 'custom', message, path: path.split('.').slice(1) });
    return z.NEVER;
  })
  .meta({
    type: 'object',
    additionalProperties: true,
    description:
      'mem0’s: AND, OR, NOT, user_id, agent_id, app_id, run_id, created_at, timestamp, categories, metadata, keywords, memory_ids. One owner: a user, or an agent, app or run with memories of its own.',
  });

/** What search and list refuse: entities outside `filters`, and what expired. */
export const outside = {
  ...(Object.fromEntries(
    ENTITIES.map((name) => [name, z.undefined('belongs in filters').optional().meta({ type: 'null' })]),
  ) as Record<Entity, z.ZodOptional<z.ZodUndefined>>),
  show_expired: z
    .literal(false, 'is not possible here: what has expired is never shown')
    .nullish()
    .meta({ type: ['boolean', 'null'] }),
};

export const categories = z.array(field.label).max(MAX_FIELDS).nullish();
export const fields = z.array(z.string()).max(MAX_FIELDS).nullish().meta({
  description: 'Only these of each memory; `id` and `memory` are always there',
});

export const moment = z
  .unknown()
  .transform((value, context): Date => {
    const date = momentOf(value);
    if (date) return date;
    context.addIssue({ code: 'custom', message: `must be seconds since 1970, or ${SPAN_MESSAGE.slice(8)}` });
    return z.NEVER;
  })
  .meta({ type: ['integer', 'number', 'string', 'null'] });

export const span = z
  .string()
  .transform((text, context) => {
    const read = spanOf(text);
    if (read) return read;
    context.addIssue({ code: 'custom', message: SPAN_MESSAGE });
    return z.NEVER;
  })
  .meta({ format: 'date' });

/** Some text, or OpenAI's list of parts as far as they are text. */
export const messageContent = z
  .preprocess((value, context) => {
    const parts = Array.isArray(value) ? (value as unknown[]) : isObject(value) ? [value] : null;
    if (parts === null) return value;
    const texts = parts.flatMap((part) =>
      isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? [part['text']] : [],
    );
    if (texts.length === parts.length && texts.length > 0) return texts.join('\n');
    context.addIssue({ code: 'custom', message: 'must be text: images and files are not kept here' });
    return z.NEVER;
  }, field.content)
  .meta({ type: 'string', minLength: 1, maxLength: field.MAX_CONTENT_CHARS });

/** The query of lists. */
export const page = z.object({
  page: field.wholeNumber(1, 1_000_000).optional(),
  page_size: field.wholeNumber(1, MAX_PAGE_SIZE).optional(),
});

/** Where the pages before and after this one are; relative, since only the caller knows our address. */
export function neighbours(
  path: string,
  { page, pageSize, total }: { page: number; pageSize: number; total: number },
): { next: string | null; previous: string | null } {
  const at = (number: number): string => `${path}?page=${number}&page_size=${pageSize}`;
  return {
    next: page * pageSize < total ? at(page + 1) : null,
    previous: page > 1 ? at(page - 1) : null,
  };
}
