import { isNearIdentical, likenessOf, type Likeness } from '../domain/likeness';
import { termsOf } from './terms';

/** What a memory that only repeats better ones counts for, once for each it repeats. */
const REPETITION_FACTOR = 0.5;
/** So many of the first are compared: nobody reads repetitions further down. */
const COMPARED = 60;

/** A memory that stays in this process's memory for the next question is prepared once. */
const likenesses = new WeakMap<object, Likeness>();

/**
 * How much each memory's score counts when near-identical ones stand before it: 1, or less for every version that says
 * the same. None is left out, so that pages still reach all of them.
 * @param memories best first
 */
export function repetitionFactors(memories: readonly { readonly content: string }[]): number[] {
  const said: { likeness: Likeness; times: number }[] = [];
  return memories.map((memory, place) => {
    if (place >= COMPARED) return 1;
    const likeness = likenessOfMemory(memory);
    const known = said.find((one) => isNearIdentical(one.likeness, likeness));
    if (known) return REPETITION_FACTOR ** known.times++;
    said.push({ likeness, times: 1 });
    return 1;
  });
}

function likenessOfMemory(memory: { readonly content: string }): Likeness {
  let likeness = likenesses.get(memory);
  if (!likeness) likenesses.set(memory, (likeness = likenessOf(memory.content, termsOf(memory.content))));
  return likeness;
}
