import type { Memory } from '../domain/memory';
import { LIVE_MEMORY, MEMORY_COLUMNS, memoryFromRow, type MemoryRow } from './memories';
import { run, type Queryable } from './pool';
import { metadataEquals, withWhere, type Where } from './where';

/** Whose memories are read. */
export interface Owner {
  namespace: string;
  userId: string;
}

/** What recalled memories must be; undefined fields do not restrict. */
export interface MemoryFilter {
  layer?: string | undefined;
  type?: string | undefined;
  /** One of the memory's persona tags. */
  persona?: string | undefined;
  /** Inclusive, by when it was said. */
  createdAfter?: Date | undefined;
  /** Exclusive. */
  createdBefore?: Date | undefined;
  /** Each value compared as text with the metadata's. */
  metadata?: readonly { key: string; value: string }[] | undefined;
  /** Each of these keys must have this very value. */
  metadataEquals?: Record<string, unknown> | undefined;
  where?: Where | undefined;
}

/** More memories than this are not listed by id but filtered after the search. */
export const MAX_LISTED_IDS = 500;
const MAX_NAMES = 200;

/**
 * What an owner's memory must be to pass, by the parameters of filterValues; null ones restrict nothing. Recall's
 * results are raw memories and facts; summaries have their own reads.
 */
export const PASSES = `tier IN ('raw', 'fact') AND ${LIVE_MEMORY}
  AND ($3::text IS NULL OR layer = $3) AND ($4::text IS NULL OR type = $4)
  AND ($5::text IS NULL OR $5 = ANY (persona_tags))
  AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
  AND ($8::jsonb IS NULL OR ${metadataEquals('$8')})
  AND NOT EXISTS (SELECT 1 FROM unnest($9::text[], $10::text[]) AS f (key, value) WHERE metadata ->> f.key IS DISTINCT FROM f.value)`;

/** The parameters $1 … $10 of a statement with PASSES. */
export function filterValues(owner: Owner, filter: MemoryFilter): unknown[] {
  const equals = filter.metadataEquals;
  return [
    owner.namespace,
    owner.userId,
    filter.layer ?? null,
    filter.type ?? null,
    filter.persona ?? null,
    filter.createdAfter ?? null,
    filter.createdBefore ?? null,
    equals && Object.keys(equals).length > 0 ? JSON.stringify(equals) : null,
    (filter.metadata ?? []).map((one) => one.key),
    (filter.metadata ?? []).map((one) => one.value),
  ];
}

/** Whether a filter restricts anything. */
export function restricts(filter: MemoryFilter): boolean {
  if (filter.where) return true;
  return filterValues({ namespace: '', userId: '' }, filter)
    .slice(2)
    .some((value) => (Array.isArray(value) ? value.length > 0 : value !== null));
}

const COUNT = {
  name: 'recall-count',
  text: `SELECT count(*) AS total
           FROM (SELECT 1 FROM memories WHERE namespace = $1 AND user_id = $2 AND ${PASSES} LIMIT $11) AS passing`,
};
const COUNT_AND_LIST = {
  name: 'recall-count-and-list',
  text: `SELECT count(*) AS total, CASE WHEN count(*) <= ${MAX_LISTED_IDS} THEN coalesce(array_agg(id), '{}') END AS ids
           FROM memories WHERE namespace = $1 AND user_id = $2 AND ${PASSES}`,
};

/**
 * How many memories pass; which, if a filter leaves few enough of them.
 * @param atMost where counting may stop if nothing is filtered; null counts all
 */
export async function countMemories(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  atMost: number | null = null,
): Promise<{ total: number; ids: string[] | null }> {
  const values = filterValues(owner, filter);
  const listing = withWhere(COUNT_AND_LIST, PASSES, filter.where, values);
  const result = restricts(filter)
    ? await run<{ total: number; ids: string[] | null }>(on, listing.statement, listing.values)
    : await run<{ total: number; ids?: null }>(on, COUNT, [...values, atMost]);
  const row = result.rows[0]!;
  return { total: row.total, ids: row.ids ?? null };
}

const listOf = (name: string, order: string): { name: string; text: string } => ({
  name,
  text: `SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND ${PASSES} AND NOT (id = ANY ($11))
          ORDER BY ${order} LIMIT $12 OFFSET $13`,
});
const LISTS = {
  newest: listOf('recall-newest', 'created_at DESC, conversation_id NULLS LAST, first_seq NULLS LAST, id'),
  oldest: listOf('recall-oldest', 'created_at, conversation_id NULLS LAST, first_seq NULLS LAST, id'),
  position: listOf('recall-by-position', 'conversation_id NULLS LAST, first_seq NULLS LAST, id'),
};

/** A page of the memories that pass, in a whole order; `except` are left out. */
export async function listMemories(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  page: { order: keyof typeof LISTS; except?: readonly string[]; limit: number; offset: number },
): Promise<Memory[]> {
  if (page.limit <= 0) return [];
  const values = [...filterValues(owner, filter), page.except ?? [], page.limit, page.offset];
  const listing = withWhere(LISTS[page.order], PASSES, filter.where, values);
  const result = await run<MemoryRow>(on, listing.statement, listing.values);
  return result.rows.map(memoryFromRow);
}

const PASSING = {
  name: 'recall-passing',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND ${PASSES} AND id = ANY ($11)`,
};

/** Which of these memories pass. */
export async function passingMemories(
  on: Queryable,
  owner: Owner,
  filter: MemoryFilter,
  ids: readonly string[],
): Promise<Set<string>> {
  const { statement, values } = withWhere(PASSING, PASSES, filter.where, [
    ...filterValues(owner, filter),
    ids,
  ]);
  return new Set((await run<{ id: string }>(on, statement, values)).rows.map((row) => row.id));
}

// Hops from one name to the next in messages_by_name, instead of reading every message.
const NAMES = {
  name: 'recall-names',
  text: `WITH RECURSIVE known AS (
           (SELECT name FROM messages WHERE namespace = $1 AND user_id = $2 AND name IS NOT NULL ORDER BY name LIMIT 1)
           UNION ALL
           SELECT (SELECT m.name FROM messages m WHERE m.namespace = $1 AND m.user_id = $2 AND m.name > known.name
                    ORDER BY m.name LIMIT 1)
             FROM known WHERE known.name IS NOT NULL
         ) SELECT name FROM known WHERE name IS NOT NULL LIMIT ${MAX_NAMES}`,
};

/** The names of everybody who speaks in a user's conversations. */
export async function namesOf(on: Queryable, owner: Owner): Promise<string[]> {
  const result = await run<{ name: string }>(on, NAMES, [owner.namespace, owner.userId]);
  return result.rows.map((row) => row.name);
}
