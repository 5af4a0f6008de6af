import { namesIn, nameWords } from '../terms';
import type { PoolTurn } from './pool';
import type { Question } from './question';

type Theirs = (turn: Pick<PoolTurn, 'conversationId' | 'name' | 'content'>) => 0 | 1;

/**
 * Whether a turn is said by the one participant whom the question names. What no conversation holds has no speaker: it
 * is theirs when it names them.
 */
export function saidBy({ mentioned }: Pick<Question, 'mentioned'>): Theirs {
  if (mentioned.size === 0) return () => 0;
  const isMeant = (words: ReadonlySet<string>): 0 | 1 =>
    [...mentioned].every((word) => words.has(word)) ? 1 : 0;
  const known = new Map<string, 0 | 1>();
  return ({ conversationId, name, content }) => {
    if (name === null) return conversationId === null ? isMeant(namesIn(content, mentioned)) : 0;
    let meant = known.get(name);
    if (meant === undefined) known.set(name, (meant = isMeant(nameWords([name]))));
    return meant;
  };
}
