import type { Statement } from './pool';

/** A condition on memories: everything in it must hold. Lists mean "one of these". */
export interface Where {
  and?: readonly Where[] | undefined;
  or?: readonly Where[] | undefined;
  not?: Where | undefined;
  /** One of the memory's persona tags. */
  persona?: readonly string[] | undefined;
  layer?: readonly string[] | undefined;
  type?: readonly string[] | undefined;
  /** By when it was said: from (inclusive) to before (exclusive). */
  time?: { after?: Date | undefined; before?: Date | undefined } | undefined;
  /** The metadata must have this very value by each of these keys. */
  metadata?: Record<string, unknown> | undefined;
  conversation?: readonly string[] | undefined;
  /** Somebody of this name speaks in it. */
  name?: readonly string[] | undefined;
  /** It is one of these: UUIDs. */
  id?: readonly string[] | undefined;
  /** Its metadata has a value by this key. */
  has?: string | undefined;
  /** Its content has this in it, to the letter or but for case. */
  says?: { text: string; anyCase: boolean } | undefined;
}

/**
 * The condition as SQL on the table `memories`, values as parameters: never true or false by NULL, so that "not" holds
 * for memories that no conversation made.
 * @param values what the statement has so far; the condition's are added
 */
export function whereSql(where: Where, values: unknown[]): string {
  const bind = (value: unknown, type: string): string => `$${values.push(value)}::${type}`;
  const conditions: string[] = [];
  const { and, or, not, persona, layer, type, time, metadata, conversation, name, id, has, says } = where;
  if (and) conditions.push(joined(and, 'AND', values));
  if (or) conditions.push(joined(or, 'OR', values));
  if (not) conditions.push(`NOT ${whereSql(not, values)}`);
  if (persona) conditions.push(`persona_tags && ${bind(persona, 'text[]')}`);
  if (layer) conditions.push(`layer = ANY (${bind(layer, 'text[]')})`);
  if (type) conditions.push(`type = ANY (${bind(type, 'text[]')})`);
  if (time?.after) conditions.push(`created_at >= ${bind(time.after, 'timestamptz')}`);
  if (time?.before) conditions.push(`created_at < ${bind(time.before, 'timestamptz')}`);
  if (metadata) conditions.push(metadataEquals(bind(JSON.stringify(metadata), 'jsonb')));
  if (conversation)
    conditions.push(`coalesce(memories.conversation_id = ANY (${bind(conversation, 'text[]')}), false)`);
  if (name)
    conditions.push(`EXISTS (SELECT 1 FROM messages said
      WHERE said.namespace = memories.namespace AND said.user_id = memories.user_id
        AND said.conversation_id = memories.conversation_id
        AND said.seq BETWEEN memories.first_seq AND memories.last_seq AND said.name = ANY (${bind(name, 'text[]')}))`);
  if (id) conditions.push(`memories.id = ANY (${bind(id, 'uuid[]')})`);
  if (has !== undefined) conditions.push(`metadata ->> ${bind(has, 'text')} IS NOT NULL`);
  if (says) {
    const text = bind(says.text, 'text');
    conditions.push(
      says.anyCase ? `position(lower(${text}) IN lower(content)) > 0` : `position(${text} IN content) > 0`,
    );
  }
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`;
}

/** That metadata has each key of a parameter with the same value. To contain it is less: any list contains an empty one. */
export function metadataEquals(parameter: string): string {
  return `(metadata @> ${parameter} AND NOT EXISTS (
    SELECT 1 FROM jsonb_each(${parameter}) AS wanted WHERE metadata -> wanted.key IS DISTINCT FROM wanted.value))`;
}

/**
 * The statement with a further condition wherever it has `place`. Not prepared by name: every shape of a condition is
 * another statement, and a connection would keep each.
 */
export function withWhere(
  statement: Statement,
  place: string,
  where: Where | undefined,
  values: readonly unknown[],
): { statement: Statement; values: unknown[] } {
  const all = [...values];
  if (!where) return { statement, values: all };
  const condition = whereSql(where, all);
  return {
    statement: { name: '', text: statement.text.replaceAll(place, () => `${place} AND ${condition}`) },
    values: all,
  };
}

function joined(parts: readonly Where[], by: 'AND' | 'OR', values: unknown[]): string {
  return `(${parts.map((part) => whereSql(part, values)).join(` ${by} `)})`;
}
