import { sha256Hex } from './ids';

/** A told long line that has seen less of its episodes is told from all of them again at once, without a language model. */
const LEAST_SEEN_SHARE = 0.5;
/** What the method of every summary begins with that a language model has told. */
export const TOLD_METHOD = 'told-';

/** An episode's summary, as a long line is made from it. */
export interface ArcSource {
  id: string;
  /** What it says something of, and was made by. */
  basis: string;
  method: string;
}

/**
 * What a long line is made from: all of it, and behind the point what its episodes say something of, whoever told them.
 * @param maker what makes it without a language model
 * @param sources its episodes in the order of their time
 */
export function arcBasis(maker: string, persona: string, sources: readonly ArcSource[]): string {
  const all = sources.map(({ id, basis, method }) => (method === maker ? [id, basis] : [id, basis, method]));
  return `${sha256Hex(JSON.stringify([maker, persona, all]))}.${saidIn(maker, persona, sources)}`;
}

/**
 * Whether a long line that a language model has told goes on as it is, until it is told again: the episodes it has seen
 * say something of the same as they did, and those that have come since are not the most.
 */
export function toldArcStands(
  arc: { method: string; basis: string; sourceIds: readonly string[] },
  maker: string,
  persona: string,
  sources: readonly ArcSource[],
): boolean {
  if (!isTold(arc)) return false;
  const known = new Set(arc.sourceIds);
  const seen = sources.filter(({ id }) => known.has(id));
  return (
    seen.length >= sources.length * LEAST_SEEN_SHARE &&
    arc.basis.split('.')[1] === saidIn(maker, persona, seen)
  );
}

/** Whether a language model has told a summary. */
export function isTold({ method }: { method: string }): boolean {
  return method.startsWith(TOLD_METHOD);
}

/** Whether it stands, though episodes have come since. */
export function waitsToBeToldAgain(arc: { method: string; degraded: boolean }): boolean {
  return arc.degraded && isTold(arc);
}

function saidIn(maker: string, persona: string, sources: readonly ArcSource[]): string {
  return sha256Hex(JSON.stringify([maker, persona, sources.map(({ id, basis }) => [id, basis])]));
}
