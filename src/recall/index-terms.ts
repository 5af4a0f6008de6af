import { saidAt, speakerOf, type Turn } from '../domain/message';
import { dateTerms, nameWords, termsOf } from './terms';

const OWN_REPEATS = 3;
const PREVIOUS_REPEATS = 2;
const ONE_BEFORE_REPEATS = 1;
const DATE_REPEATS = 3;

/** What of a turn the index text is made of. */
export type IndexedTurn = Pick<Turn, 'name' | 'role' | 'content' | 'timestamp' | 'storedAt'>;

/**
 * The index's `terms` of a batch: its own prepared terms three times, those of the turn before it twice, of the one
 * before that once, and the words of its dates three times; so that a turn is found by what was being talked about.
 * The next turn is left out: an object is never rewritten because something was said after it.
 *
 * @param previous the (at most two) turns before the batch in its conversation, oldest first
 * @param names whose names to leave out; by default those who speak in these turns, which makes the result depend
 *   on nothing else, so that a rebuilt index equals the first one
 */
export function indexTermsOf(
  turns: readonly IndexedTurn[],
  previous: readonly IndexedTurn[] = [],
  names: Iterable<string | null> = [...previous, ...turns].map((turn) => turn.name),
): string {
  const leaveOut = nameWords(names);
  const own = turns.flatMap((turn) => termsOf(turn.content, leaveOut));
  const before = (turn: IndexedTurn | undefined): readonly string[] =>
    turn ? termsOf(turn.content, leaveOut) : [];
  const dates = new Set(turns.flatMap((turn) => dateTerms(saidAt(turn))));
  return [
    repeat(own, OWN_REPEATS),
    repeat(before(previous.at(-1)), PREVIOUS_REPEATS),
    repeat(before(previous.at(-2)), ONE_BEFORE_REPEATS),
    repeat([...dates], DATE_REPEATS),
  ]
    .filter((text) => text !== '')
    .join(' ');
}

/** What is embedded of a turn. Never with context or dates glued to it: neighbours are mixed in when a query comes. */
export function embeddingTextOf(turn: Pick<Turn, 'name' | 'role' | 'content'>): string {
  return `${speakerOf(turn)}: ${turn.content}`;
}

function repeat(terms: readonly string[], times: number): string {
  return terms.length === 0 ? '' : ` ${terms.join(' ')}`.repeat(times).slice(1);
}
