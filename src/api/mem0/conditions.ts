import type { FieldError } from '../../domain/errors';
import type { Where } from '../../record/where';
import type { FilterOwner } from './filters';
import { ENTITIES, type Entity } from './scope';
import { SPAN_MESSAGE, spanOf } from './times';

/** What is wrong with a filter, as far as it was read. */
export type Problems = FieldError[];

const ALWAYS: Where = {};
const NEVER: Where = { not: ALWAYS };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const OPERATORS = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'contains', 'icontains', 'nin'];
const FIELDS =
  'AND, OR, NOT, user_id, agent_id, app_id, run_id, created_at, timestamp, categories, metadata, keywords, memory_ids';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One of mem0's conditions as one of ours; what does not map is a problem that names it. */
export function conditionOf(
  key: string,
  value: unknown,
  path: string,
  owner: FilterOwner,
  problems: Problems,
): Where {
  const refuse = (message: string, at = path): Where => {
    problems.push({ path: at, message });
    return NEVER;
  };
  if ((ENTITIES as readonly string[]).includes(key))
    return entityCondition(key as Entity, value, owner, refuse, path);
  switch (key) {
    case 'created_at':
    case 'timestamp':
      return timeCondition(value, refuse, path);
    case 'categories':
      return categoriesCondition(value, refuse, path);
    case 'metadata':
      return metadataCondition(value, refuse, path);
    case 'keywords':
      return keywordsCondition(value, refuse, path);
    case 'memory_ids':
      return idsCondition(value, refuse);
    default:
      return refuse(`is not a filter here; these are: ${FIELDS}`);
  }
}

type Refuse = (message: string, at?: string) => Where;

/** `value` as operators: a bare one is an `eq`, a bare list an `in`. */
function operatorsOf(value: unknown): [operator: string, operand: unknown][] {
  if (isObject(value)) return Object.entries(value);
  return [[Array.isArray(value) ? 'in' : 'eq', value]];
}

export function allOf(conditions: readonly Where[]): Where {
  const some = conditions.filter((one) => !isAlways(one));
  return some.length === 1 ? some[0]! : some.length === 0 ? ALWAYS : { and: some };
}

export function isAlways(where: Where): boolean {
  return Object.keys(where).length === 0;
}

function entityCondition(
  entity: Entity,
  value: unknown,
  owner: FilterOwner,
  refuse: Refuse,
  path: string,
): Where {
  return allOf(
    operatorsOf(value).map(([operator, operand]): Where => {
      const names = operator === 'in' ? operand : [operand];
      if (!['eq', 'ne', 'in'].includes(operator))
        return refuse('takes eq, ne, in and "*"', `${path}.${operator}`);
      if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === 'string'))
        return refuse(operator === 'in' ? 'must be a list of ids' : 'must be an id', path);
      const each = (names as string[]).map((name) => entityIs(entity, name, owner));
      const any: Where = each.length === 1 ? each[0]! : { or: each };
      return operator === 'ne' ? { not: any } : any;
    }),
  );
}

/** "*" is any at all. The owner's own name is true of all there is; another user's, of none. */
function entityIs(entity: Entity, name: string, owner: FilterOwner): Where {
  if (entity === owner.entity) return name === '*' || name === owner.name ? ALWAYS : NEVER;
  if (entity === 'user_id') return NEVER;
  if (entity !== 'run_id') return name === '*' ? { has: entity } : { metadata: { [entity]: name } };
  // A run is a conversation; memories that no conversation made have it among their metadata.
  if (name !== '*') return { or: [{ conversation: [name] }, { metadata: { run_id: name } }] };
  return {
    or: [{ has: 'run_id' }, { has: 'conversation_id', not: { conversation: [owner.userId] } }],
  };
}

function timeCondition(value: unknown, refuse: Refuse, path: string): Where {
  return allOf(
    operatorsOf(value).map(([operator, operand]): Where => {
      const span = spanOf(operand);
      if (!['eq', 'gt', 'gte', 'lt', 'lte'].includes(operator))
        return refuse('takes gt, gte, lt and lte', `${path}.${operator}`);
      if (!span) return refuse(SPAN_MESSAGE, operator === 'eq' ? path : `${path}.${operator}`);
      switch (operator) {
        case 'gt':
          return { time: { after: span.to } };
        case 'gte':
          return { time: { after: span.from } };
        case 'lt':
          return { time: { before: span.from } };
        case 'lte':
          return { time: { before: span.to } };
        default:
          return { time: { after: span.from, before: span.to } };
      }
    }),
  );
}

function categoriesCondition(value: unknown, refuse: Refuse, path: string): Where {
  return allOf(
    operatorsOf(value).map(([operator, operand]): Where => {
      if (!['eq', 'in', 'contains'].includes(operator))
        return refuse('takes in and contains', `${path}.${operator}`);
      const names: unknown[] = Array.isArray(operand) ? operand : [operand];
      if (names.length === 0 || !names.every((name) => typeof name === 'string'))
        return refuse('must be a category, or a list of them');
      return { persona: names as string[] };
    }),
  );
}

function metadataCondition(value: unknown, refuse: Refuse, path: string): Where {
  if (!isObject(value) || Object.keys(value).length === 0) return refuse('must be an object with a key');
  const conditions = Object.entries(value).map(([key, wanted]): Where => {
    if (OPERATORS.includes(key))
      return refuse('is not a key here: write {"metadata": {"key": value}}', `${path}.${key}`);
    const operators = isObject(wanted) ? Object.keys(wanted) : [];
    if (!isObject(wanted) || !operators.some((one) => OPERATORS.includes(one)))
      return { metadata: { [key]: wanted } };
    const other = operators.find((one) => one !== 'eq' && one !== 'ne');
    if (other !== undefined) return refuse('takes a value, eq and ne', `${path}.${key}.${other}`);
    return allOf(
      Object.entries(wanted).map(([operator, operand]): Where => {
        const equal: Where = { metadata: { [key]: operand } };
        return operator === 'ne' ? { not: equal } : equal;
      }),
    );
  });
  return allOf(conditions);
}

function keywordsCondition(value: unknown, refuse: Refuse, path: string): Where {
  return allOf(
    operatorsOf(value).map(([operator, operand]): Where => {
      if (operator !== 'contains' && operator !== 'icontains')
        return refuse('takes contains and icontains', operator === 'eq' ? path : `${path}.${operator}`);
      if (typeof operand !== 'string' || operand === '')
        return refuse('must be a text', `${path}.${operator}`);
      return { says: { text: operand, anyCase: operator === 'icontains' } };
    }),
  );
}

function idsCondition(value: unknown, refuse: Refuse): Where {
  const [operator, operand] = operatorsOf(value)[0] ?? [];
  const ids: unknown[] = Array.isArray(operand) ? operand : [operand];
  if ((operator !== 'in' && operator !== 'eq') || !ids.every((id) => typeof id === 'string'))
    return refuse('must be a list of ids');
  // Ids are UUIDs: anything else names none.
  const known = (ids as string[]).filter((id) => UUID.test(id));
  return known.length === 0 ? NEVER : { id: known };
}
