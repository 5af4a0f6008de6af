export const GRANULARITIES = ['raw', 'episodic', 'arc', 'auto'] as const;
export type AskedGranularity = (typeof GRANULARITIES)[number];
export type Granularity = Exclude<AskedGranularity, 'auto'>;

/** Asks for the whole of something, not for one thing. */
const BROAD =
  /\b(?:overall|overview|summar\w*|in general|life|journey|story|history|progress|over the (?:years|months|weeks|past|last)|over time|so far|these (?:days|years|months)|long[- ]term|background|who am i|about (?:me|myself|yourself)|how (?:have|has|had) .+ (?:been|changed|developed|gone)|what kind of person|tell me everything)\b/iu;
/** Asks for one thing that was said. */
const DETAIL =
  /\b(?:when|where|which|who|whose|how (?:many|much|long|old|often)|what (?:is|was|are|were) (?:the|my|his|her|their|your)|name|number|date|address|exactly|password|price)\b|\d/iu;

/** What `auto` means for a query: a whole life for broad ones, what was said for details, what happened otherwise. */
export function resolveGranularity(
  asked: AskedGranularity,
  query: string | null,
  has: { episodes: boolean; arcs: boolean },
): Granularity {
  if (asked !== 'auto') return asked;
  if (query === null || BROAD.test(query)) return has.arcs ? 'arc' : has.episodes ? 'episodic' : 'raw';
  if (DETAIL.test(query)) return 'raw';
  return has.episodes ? 'episodic' : 'raw';
}
