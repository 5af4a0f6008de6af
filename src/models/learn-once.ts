import type { LinearScores } from './ridge';

/** Whoever has a person waiting does with words what examples would do a moment later. */
const HURRY_MS = 100;

/**
 * Learns from examples when it is first needed, once a process; what could not be had then is asked for again.
 * @param hurried null, instead of waiting or an error, while the examples' vectors are not there
 */
export function learnOnce(
  learn: () => Promise<LinearScores | null>,
  hurried: boolean,
): () => Promise<LinearScores | null> {
  let learned: Promise<LinearScores | null> | null = null;
  return () => {
    learned ??= learn().catch((thrown: unknown) => {
      learned = null;
      throw thrown;
    });
    if (!hurried) return learned;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), HURRY_MS)));
    // Words are what is left; the next question asks again.
    return Promise.race([learned.catch(() => null), late]).finally(() => clearTimeout(timer));
  };
}
