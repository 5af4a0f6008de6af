const BROAD: readonly RegExp[] = [
  /\bwhat(?:['’]s| has| have| is)? (?:been )?(?:going on|happening|happened|new)\b/i,
  /\bwhat (?:have|has) (?:\S+ ){1,3}been (?:up to|doing)\b/i,
  /\bhow (?:have|has|is|are) (?!you\b)(?:\S+ ){1,3}(?:been|going|doing)\b/i,
  /\bhow (?:are|did) (?:things|it|everything)\b/i,
  /\b(?:tell|remind) me (?:all |everything |more )?(?:about|of) (?:my|our)\b/i,
  /\b(?:sum up|summari[sz]e|recap|catch me up|an? (?:summary|overview) of)\b/i,
];

/** Whether a message asks for the course of things rather than for one of them: a summary tells that better than a turn. */
export function asksBroadly(text: string): boolean {
  return BROAD.some((pattern) => pattern.test(text));
}
