/** How much of a score each view of a memory makes. They add up to about 1. */
export interface PersonaWeights {
  semantic: number;
  temporal: number;
  importance: number;
  emotional: number;
}

const weights = (
  semantic: number,
  temporal: number,
  importance: number,
  emotional: number,
): PersonaWeights => ({
  semantic,
  temporal,
  importance,
  emotional,
});

export const DEFAULT_PERSONA = 'identity';

const WEIGHTS: ReadonlyMap<string, PersonaWeights> = new Map([
  [DEFAULT_PERSONA, weights(0.5, 0.2, 0.2, 0.1)],
  ['relationships', weights(0.3, 0.2, 0.2, 0.3)],
  ['health', weights(0.25, 0.25, 0.25, 0.25)],
  ['finance', weights(0.3, 0.3, 0.3, 0.1)],
  ['creativity', weights(0.4, 0.15, 0.25, 0.2)],
  ['work', weights(0.35, 0.3, 0.25, 0.1)],
  ['partner', weights(0.25, 0.25, 0.15, 0.35)],
  ['guide', weights(0.3, 0.25, 0.3, 0.15)],
  ['strategist', weights(0.25, 0.3, 0.35, 0.1)],
  ['expert', weights(0.5, 0.15, 0.2, 0.15)],
  ['friend', weights(0.3, 0.25, 0.15, 0.3)],
]);

/** A persona's weights; those of `identity` for a name nobody defined. */
export function personaWeights(persona: string): PersonaWeights {
  return WEIGHTS.get(persona.toLowerCase()) ?? WEIGHTS.get(DEFAULT_PERSONA)!;
}

/** What a request says about the persona. */
export interface PersonaContext {
  forced?: string | null;
  active?: readonly string[];
  /** Any string; known moods tilt the affect, others are neutral. */
  mood?: string | null;
}

export interface SelectedPersona {
  selected: string;
  confidence: number;
}

/** Says which persona a question belongs to; a prior of active ones may sway it. */
export interface PersonaClassifier {
  classify(query: string, active: readonly string[]): SelectedPersona | Promise<SelectedPersona>;
}

/** The persona of a request: forced wins, then the classifier, then the first active one, then identity. */
export async function selectPersona(
  context: PersonaContext,
  query: string | null,
  classifier: PersonaClassifier | null,
): Promise<SelectedPersona> {
  if (context.forced) return { selected: context.forced, confidence: 1 };
  const active = context.active ?? [];
  if (classifier && query !== null) return classifier.classify(query, active);
  return active[0] ? { selected: active[0], confidence: 1 } : { selected: DEFAULT_PERSONA, confidence: 0 };
}
