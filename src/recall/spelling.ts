import stemmer from 'stemmer';

/** Shorter words have too many neighbours that mean something else. */
const MIN_LETTERS = 4;
/** From this length on a word may be two letters off. */
const LONG_WORD_LETTERS = 8;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** A known term that a misspelt one may stand for. */
interface NearTerm {
  term: string;
  /** Letters that are missing, too many, other ones, or swapped with the next. */
  distance: number;
}

/**
 * The known terms that a misspelt one may stand for: one letter off, or two of a long word. The closest first, then
 * those that are said more often.
 * @param known how often each known term is said
 */
export function nearestTerms(term: string, known: ReadonlyMap<string, number>): string[] {
  if (!isSpelt(term)) return [];
  const mostOff = term.length >= LONG_WORD_LETTERS ? 2 : 1;
  const near = new Map<string, number>();
  const note = (found: NearTerm): void => {
    near.set(found.term, Math.min(found.distance, near.get(found.term) ?? Infinity));
  };
  for (const other of known.keys()) {
    // Hardly anybody misspells the first letter; of words one letter off, those are among the edits.
    if (other[0] !== term[0] || Math.abs(other.length - term.length) > mostOff || !isSpelt(other)) continue;
    const distance = lettersOff(term, other, mostOff);
    if (distance <= mostOff) note({ term: other, distance });
  }
  for (const edit of editsOf(term)) {
    // What is left of a misspelt ending is no ending, so it was not stemmed: "paintng" stands for "paint".
    for (const form of [edit, stemmer(edit)]) if (known.has(form)) note({ term: form, distance: 1 });
  }
  near.delete(term);
  return [...near]
    .sort(
      ([a, distanceOfA], [b, distanceOfB]) =>
        distanceOfA - distanceOfB || known.get(b)! - known.get(a)! || (a < b ? -1 : 1),
    )
    .map(([found]) => found);
}

/** Whether a term is made of letters that can be mistyped one by one. */
export function isSpelt(term: string): boolean {
  return term.length >= MIN_LETTERS && /^[\p{L}\p{M}]+$/u.test(term) && !/[\p{Lo}]/u.test(term);
}

/** How many letters two words differ by, swapped neighbours counting as one; beyond `atMost` only that it is more. */
export function lettersOff(a: string, b: string, atMost: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let off = Math.min(changed, last[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) off = Math.min(off, beforeLast[j - 2]! + 1);
      row.push(off);
      least = Math.min(least, off);
    }
    if (least > atMost) return atMost + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** Every word one letter off an English one. */
function* editsOf(term: string): Generator<string> {
  if (!/^[a-z]+$/.test(term)) return;
  for (let i = 0; i <= term.length; i += 1) {
    const head = term.slice(0, i);
    const tail = term.slice(i);
    if (tail) yield head + tail.slice(1);
    if (tail.length > 1) yield head + tail[1]! + tail[0]! + tail.slice(2);
    for (const letter of LETTERS) {
      if (tail) yield head + letter + tail.slice(1);
      yield head + letter + tail;
    }
  }
}
