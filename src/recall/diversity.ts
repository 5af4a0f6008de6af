import { isNearIdentical, likenessOf, type Likeness } from '../domain/likeness';
import { termsOf } from './terms';

/** What a memory that only repeats better ones counts for, once for each it repeats. */
const REPETITION_FACTOR = 0.5;
/** So many of the first are compared: nobody reads repetitions further down. */
const COMPARED = 60;

/**
 * How much each memory's score counts when near-identical ones stand before it: 1, or less for every version that says
 * the same. None is left out, so that pages still reach all of them.
 * @param contents best first
 */
export function repetitionFactors(contents: readonly string[]): number[] {
  const said: { likeness: Likeness; times: number }[] = [];
  return contents.map((content, place) => {
    if (place >= COMPARED) return 1;
    const likeness = likenessOf(content, termsOf(content));
    const known = said.find((one) => isNearIdentical(one.likeness, likeness));
    if (known) return REPETITION_FACTOR ** known.times++;
    said.push({ likeness, times: 1 });
    return 1;
  });
}
