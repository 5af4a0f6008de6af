import type { Role } from '../domain/message';

/** What logs write in place of a role. Any other word is a person's name. */
const ROLES_BY_WORD: ReadonlyMap<string, Role> = new Map([
  ['user', 'user'],
  ['human', 'user'],
  ['me', 'user'],
  ['assistant', 'assistant'],
  ['ai', 'assistant'],
  ['bot', 'assistant'],
  ['chatbot', 'assistant'],
  ['chatgpt', 'assistant'],
  ['claude', 'assistant'],
  ['model', 'assistant'],
  ['system', 'system'],
  ['tool', 'tool'],
]);

/** Who said it: a role, and the name of whoever is a person among others. */
export function speakerOf(
  role: string | undefined,
  speaker: string | undefined,
): { role: Role; name?: string } {
  const known = roleIn(role) ?? roleIn(speaker);
  const name = [speaker, role].find((word) => word !== undefined && roleIn(word) === undefined)?.trim();
  return { role: known ?? 'user', ...(name === undefined ? {} : { name }) };
}

function roleIn(word: string | undefined): Role | undefined {
  return word === undefined ? undefined : ROLES_BY_WORD.get(word.trim().toLowerCase());
}
