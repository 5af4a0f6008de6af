/** Who a memory is about when nothing says so. */
export const DEFAULT_PERSONA = 'identity';
/** From this probability on, a further persona is a tag of its own. */
const FURTHER_TAG_FROM = 0.25;
/** In a batch, one turn that surely belongs to a persona is enough for a tag. */
const ONE_TURN_FROM = 0.6;
const MAX_TAGS = 4;
/** What active personas weigh beside a clear text: too little for a tag by itself. */
const ACTIVE_SHARE = 0.2;
const DECIMALS = 1_000;

/** How probably a text belongs to each persona; these and `none` add up to 1. */
export interface PersonaReading {
  scores: ReadonlyMap<string, number>;
  none: number;
}

export interface PersonaTag {
  persona: string;
  /** 0..1, the probability that it fits; 1 when it was forced. */
  confidence: number;
}

/**
 * The personas that a memory is tagged with, the surest first; at least one.
 * @param readings its turns', with how much each counts
 * @param forced what the caller says it is
 */
export function personaTags(
  readings: readonly { reading: PersonaReading; weight: number }[],
  forced: string | null,
): PersonaTag[] {
  const total = readings.reduce((sum, { weight }) => sum + weight, 0);
  const mean = new Map<string, number>([[DEFAULT_PERSONA, total > 0 ? 0 : 1e-9]]);
  const most = new Map<string, number>();
  for (const { reading, weight } of readings) {
    const share = total > 0 ? weight / total : 0;
    for (const [persona, score] of reading.scores) {
      mean.set(persona, (mean.get(persona) ?? 0) + share * score);
      most.set(persona, Math.max(most.get(persona) ?? 0, score));
    }
    // What belongs nowhere is told of the user as they are.
    mean.set(DEFAULT_PERSONA, mean.get(DEFAULT_PERSONA)! + share * reading.none);
  }
  const ranked = [...mean].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const tags = ranked
    .filter(
      ([persona, score], place) =>
        place === 0 || score >= FURTHER_TAG_FROM || (most.get(persona) ?? 0) >= ONE_TURN_FROM,
    )
    .slice(0, MAX_TAGS)
    .map(([persona, score]) => ({ persona, confidence: rounded(score) }));
  if (forced === null) return tags;
  return [
    { persona: forced, confidence: 1 },
    ...tags.filter((tag) => tag.persona !== forced && tag.confidence >= FURTHER_TAG_FROM),
  ];
}

/**
 * A reading swayed by the personas that the caller takes for active: a clear text a little, an unclear one towards them
 * instead of nowhere.
 */
export function swayed(reading: PersonaReading, active: readonly string[]): PersonaReading {
  if (active.length === 0) return reading;
  const share = 1 - ACTIVE_SHARE;
  const scores = new Map([...reading.scores].map(([persona, score]) => [persona, share * score]));
  for (const one of active) {
    const persona = knownAs(one, reading);
    const swayedBy = (ACTIVE_SHARE + share * reading.none) / active.length;
    scores.set(persona, (scores.get(persona) ?? 0) + swayedBy);
  }
  return { scores, none: 0 };
}

/** The classifier's spelling of a persona, if it has one. */
export function knownAs(persona: string, reading: PersonaReading): string {
  const folded = persona.toLowerCase();
  return [...reading.scores.keys()].find((known) => known.toLowerCase() === folded) ?? persona;
}

function rounded(value: number): number {
  return Math.round(Math.min(1, value) * DECIMALS) / DECIMALS;
}
