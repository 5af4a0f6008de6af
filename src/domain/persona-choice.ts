import { DEFAULT_PERSONA, knownAs, type PersonaReading } from './persona-tags';

/** Where a request's persona came from. */
export type PersonaSource = 'forced' | 'query' | 'active' | 'remembered' | 'default';

export interface ChosenPersona {
  selected: string;
  /** 0..1 */
  confidence: number;
  source: PersonaSource;
  /** By persona, the probable ones. */
  scores: Record<string, number>;
}

/** What sways the choice, beside the question itself. */
export interface PersonaPriors {
  forced?: string | null | undefined;
  /** Personas the caller takes for active. */
  active?: readonly string[] | undefined;
  /** The persona of the user's last requests, if that was not long ago. */
  remembered?: string | null | undefined;
}

/** What active personas weigh beside a clear question; beside an unclear one they weigh more. */
const ACTIVE_SHARE = 0.25;
/** What is left of an unclear question for who the user is at large. */
const DEFAULT_SHARE = 0.1;
const SHOWN_FROM = 0.01;
const DECIMALS = 1_000;

/**
 * The persona of a request. A forced one is taken; else the question decides, swayed by the active personas, and where it
 * is unclear by them, by what is remembered, and by the default, in this order.
 * @param reading what the question was read as; null without one
 */
export function choosePersona(reading: PersonaReading | null, priors: PersonaPriors): ChosenPersona {
  if (priors.forced)
    return { selected: priors.forced, confidence: 1, source: 'forced', scores: { [priors.forced]: 1 } };
  const active = priors.active ?? [];
  if (!reading) {
    if (active[0])
      return { selected: active[0], confidence: 1, source: 'active', scores: { [active[0]]: 1 } };
    if (priors.remembered)
      return { selected: priors.remembered, confidence: 0, source: 'remembered', scores: {} };
    return { selected: DEFAULT_PERSONA, confidence: 0, source: 'default', scores: {} };
  }
  const asked = new Map<string, number>();
  const prior = new Map<string, number>();
  const share = active.length > 0 ? 1 - ACTIVE_SHARE : 1;
  for (const [persona, score] of reading.scores) asked.set(persona, share * score);
  const unclear = share * reading.none;
  const add = (persona: string, weight: number): void =>
    void prior.set(persona, (prior.get(persona) ?? 0) + weight);
  if (active.length > 0) {
    for (const one of active) add(knownAs(one, reading), (ACTIVE_SHARE + unclear) / active.length);
  } else if (priors.remembered) {
    add(priors.remembered, (1 - DEFAULT_SHARE) * unclear);
    add(DEFAULT_PERSONA, DEFAULT_SHARE * unclear);
  } else add(DEFAULT_PERSONA, unclear);

  const total = (persona: string): number => (asked.get(persona) ?? 0) + (prior.get(persona) ?? 0);
  const ranked = [...new Set([...asked.keys(), ...prior.keys()])].sort(
    (a, b) => total(b) - total(a) || (a < b ? -1 : 1),
  );
  const selected = ranked[0] ?? DEFAULT_PERSONA;
  const byPrior = (prior.get(selected) ?? 0) > (asked.get(selected) ?? 0);
  return {
    selected,
    confidence: rounded(total(selected)),
    source: !byPrior
      ? 'query'
      : active.length > 0
        ? 'active'
        : selected === priors.remembered
          ? 'remembered'
          : 'default',
    scores: Object.fromEntries(
      ranked
        .filter((persona) => total(persona) >= SHOWN_FROM)
        .map((persona) => [persona, rounded(total(persona))]),
    ),
  };
}

function rounded(value: number): number {
  return Math.round(Math.min(1, value) * DECIMALS) / DECIMALS;
}
