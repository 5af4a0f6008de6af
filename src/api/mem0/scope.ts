import { idProblem } from '../schemas/fields';

/** What mem0 scopes memories by, the one that owns them first. */
export const ENTITIES = ['user_id', 'agent_id', 'app_id', 'run_id'] as const;
export type Entity = (typeof ENTITIES)[number];
export type Entities = { [name in Entity]?: string | null | undefined };
export const ENTITY_TYPES = ['user', 'agent', 'app', 'run'] as const;
export type EntityType = (typeof ENTITY_TYPES)[number];

/** Of agents, apps and runs without a user: each is a user of its own here. */
const PREFIX = /^(agent|app|run):/s;

/** Entities that a memory's metadata holds. */
export const KEPT_ENTITIES = ['agent_id', 'app_id', 'run_id'] as const satisfies readonly Entity[];

/** The user here that stands for an entity. */
export function userIdOf(type: EntityType, name: string): string {
  return type === 'user' ? name : `${type}:${name}`;
}

/** What a user here is to mem0. */
export function entityOf(userId: string): { type: EntityType; name: string } {
  const type = PREFIX.exec(userId)?.[1] as EntityType | undefined;
  return type ? { type, name: userId.slice(type.length + 1) } : { type: 'user', name: userId };
}

/** Whose memories these entities name: the user's, else the agent's, the app's, the run's; null without any. */
export function ownerOf(entities: Entities): string | null {
  for (const [place, entity] of ENTITIES.entries()) {
    const name = entities[entity];
    if (typeof name === 'string') return userIdOf(ENTITY_TYPES[place]!, name);
  }
  return null;
}

/** What is wrong with an entity's name; null when nothing is. */
export function entityProblem(entity: Entity, name: string): string | null {
  if (entity !== 'user_id') return idProblem(userIdOf(ENTITY_TYPES[ENTITIES.indexOf(entity)]!, name));
  const type = PREFIX.exec(name)?.[1];
  return type ? `must not begin with "${type}:": that stands for a mem0 ${type} here` : idProblem(name);
}
