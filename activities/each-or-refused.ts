import { RefusedError } from '../src/domain/errors';

/**
 * Does work on all items at once, and when some are refused, finds which by halving, so that one bad item fails alone.
 * Costs one call when all is well, about 2·log2(n) more for each bad item.
 * @param work one result an item, in order; throws RefusedError when at least one of them is refused for good
 */
export async function eachOrRefused<Item, Result>(
  items: readonly Item[],
  work: (part: readonly Item[]) => Promise<Result[]>,
): Promise<{ done: Map<Item, Result>; refused: Map<Item, RefusedError> }> {
  const done = new Map<Item, Result>();
  const refused = new Map<Item, RefusedError>();
  const attempt = async (part: readonly Item[]): Promise<void> => {
    if (part.length === 0) return;
    try {
      const results = await work(part);
      part.forEach((item, place) => done.set(item, results[place]!));
    } catch (thrown) {
      if (!(thrown instanceof RefusedError)) throw thrown;
      if (part.length === 1) {
        refused.set(part[0]!, thrown);
        return;
      }
      const half = Math.ceil(part.length / 2);
      await attempt(part.slice(0, half));
      await attempt(part.slice(half));
    }
  };
  await attempt(items);
  return { done, refused };
}

/** What a caller is shown of a refusal: which part refused and what it said (such messages hold no text of users). */
export function failureReason(error: RefusedError): string {
  return `refused by ${error.service}: ${error.message}`;
}
