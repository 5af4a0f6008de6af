import { EVERYDAY_TERMS } from '../background/share';
import { isSpelt, nearestTerms } from '../spelling';
import { postingsOf, type Pool } from './pool';
import type { Question } from './question';

/** A match that takes a correction says less. */
const CORRECTED_WEIGHT = 0.85;

/** The terms of a question that may be misspelt: no everyday words, and not written like names. */
export function doubtfulTerms(question: Pick<Question, 'terms' | 'properTerms'>): string[] {
  return question.terms.filter(
    (term) => isSpelt(term) && !EVERYDAY_TERMS.has(term) && !question.properTerms.includes(term),
  );
}

/**
 * The question with each doubtful term that no turn holds read as the nearest one that is said there, at a lower
 * weight. A question whose words are all known is returned as it is.
 */
export function asMeant<Asked extends Question>(question: Asked, pool: Pool): Asked {
  const doubtful = doubtfulTerms(question);
  if (doubtful.length === 0) return question;
  const unsaid = unheard(doubtful, pool);
  if (unsaid.length === 0) return question;
  const said = turnsHolding(pool);
  const meant = new Map<string, string>();
  for (const term of unsaid) {
    const nearest = nearestTerms(term, said)[0];
    if (nearest !== undefined) meant.set(term, nearest);
  }
  if (meant.size === 0) return question;
  const read = (term: string): string => meant.get(term) ?? term;
  const certain = question.terms.filter((term) => !meant.has(term));
  const corrected = [...meant.values()].filter((term) => !certain.includes(term));
  return {
    ...question,
    terms: [...new Set(question.terms.map(read))],
    phrases: question.phrases.map(([first, second]) => [read(first), read(second)] as const),
    termWeights: new Map(corrected.map((term) => [term, CORRECTED_WEIGHT])),
  };
}

/** Those of the terms that no turn and no date holds. */
function unheard(terms: readonly string[], pool: Pool): string[] {
  const heard = postingsOf(pool, terms);
  return terms.filter((term) => !heard.has(term) && !pool.dates.has(term));
}

/** In how many turns each term is said. */
function turnsHolding(pool: Pool): Map<string, number> {
  const turns = new Map<string, number>();
  for (const { counts } of pool.features)
    for (const term of counts.keys()) turns.set(term, (turns.get(term) ?? 0) + 1);
  return turns;
}
