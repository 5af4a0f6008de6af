import type { FieldError } from '../../domain/errors';
import type { Where } from '../../record/where';
import { metadataProblem } from '../schemas/fields';
import { allOf, conditionOf, isObject, type Problems } from './conditions';
import { ENTITIES, ENTITY_TYPES, entityProblem, userIdOf, type Entity } from './scope';

const MAX_DEPTH = 8;
const MAX_CONDITIONS = 64;

/** What a request's `filters` ask for: whose memories, and which of them. */
export interface ReadFilters {
  userId: string;
  where: Where;
}

/** A condition as mem0 writes it: keys that must all hold. */
type Filter = Record<string, unknown>;

/**
 * Reads mem0's `filters`. Memories belong to one user here, so that one must be named in a condition that holds: a
 * `user_id`, or without any an agent, an app or a run that has memories of its own.
 */
export function readFilters(filters: unknown): { read: ReadFilters } | { errors: FieldError[] } {
  const problems: Problems = [];
  if (!isObject(filters)) return { errors: [{ path: 'filters', message: 'must be an object' }] };
  const size = sizeProblem(filters) ?? metadataProblem(filters);
  if (size) return { errors: [{ path: 'filters', message: size }] };
  const owner = ownerIn(filters, problems);
  if (!owner) return { errors: problems };
  const where = whereOf(filters, 'filters', owner, problems);
  return problems.length > 0 ? { errors: problems } : { read: { userId: owner.userId, where } };
}

export interface FilterOwner {
  userId: string;
  /** What mem0 calls the owner. */
  entity: Entity;
  name: string;
}

function ownerIn(filters: Filter, problems: Problems): FilterOwner | null {
  const named = new Map<Entity, Set<string>>();
  collectNames(filters, named);
  for (const [place, entity] of ENTITIES.entries()) {
    const [name, ...others] = named.get(entity) ?? [];
    if (name === undefined) continue;
    const path = `filters.${entity}`;
    const message =
      others.length > 0
        ? 'one at a time: memories of several are not searched together here'
        : entityProblem(entity, name);
    if (message) {
      problems.push({ path, message });
      return null;
    }
    return { userId: userIdOf(ENTITY_TYPES[place]!, name), entity, name };
  }
  problems.push({
    path: 'filters',
    message: `must name one of ${ENTITIES.join(', ')}: whose memories they are`,
  });
  return null;
}

/** The entities that a filter names, "not" and wildcards apart. */
function collectNames(filter: Filter, named: Map<Entity, Set<string>>): void {
  for (const key of ['AND', 'OR']) for (const part of partsOf(filter[key])) collectNames(part, named);
  for (const entity of ENTITIES)
    for (const name of namesIn(filter[entity])) {
      if (name === '*') continue;
      named.set(entity, (named.get(entity) ?? new Set()).add(name));
    }
}

function namesIn(condition: unknown): string[] {
  const value = isObject(condition) ? (condition['eq'] ?? condition['in']) : condition;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((name): name is string => typeof name === 'string');
}

function whereOf(filter: Filter, path: string, owner: FilterOwner, problems: Problems): Where {
  const parts = Object.entries(filter).map(([key, value]): Where => {
    const at = `${path}.${key}`;
    if (key !== 'AND' && key !== 'OR' && key !== 'NOT') return conditionOf(key, value, at, owner, problems);
    const list = partsOf(value);
    if (list.length === 0 || list.length < (Array.isArray(value) ? value.length : 1))
      problems.push({ path: at, message: 'must be a list of conditions' });
    const wheres = list.map((part, place) => whereOf(part, `${at}.${place}`, owner, problems));
    if (key === 'AND') return allOf(wheres);
    return key === 'OR' ? { or: wheres } : { not: { or: wheres } };
  });
  if (parts.length === 0) problems.push({ path, message: 'must hold a condition' });
  return allOf(parts);
}

function partsOf(value: unknown): Filter[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isObject);
}

/** Level by level, so that no depth is too deep to be told of. */
function sizeProblem(root: Filter): string | null {
  let level: Filter[] = [root];
  let count = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    count += level.length;
    if (depth > MAX_DEPTH) return `must not nest deeper than ${MAX_DEPTH} conditions`;
    if (count > MAX_CONDITIONS) return `must not hold more than ${MAX_CONDITIONS} conditions`;
    level = level.flatMap((filter) => ['AND', 'OR', 'NOT'].flatMap((key) => partsOf(filter[key])));
  }
  return null;
}
