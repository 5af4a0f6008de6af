import { choosePersona, type ChosenPersona, type PersonaPriors } from '../domain/persona-choice';
import { DEFAULT_PERSONA } from '../domain/persona-tags';
import type { PersonaClassifier } from '../models/persona-classifier';

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

/** Personas that configuration adds or weighs anew, by lower-case name. */
export type ConfiguredWeights = ReadonlyMap<string, PersonaWeights>;

/** A persona's weights; those of `identity` for a name nobody defined. */
export function personaWeights(persona: string, configured?: ConfiguredWeights): PersonaWeights {
  const name = persona.toLowerCase();
  return configured?.get(name) ?? WEIGHTS.get(name) ?? WEIGHTS.get(DEFAULT_PERSONA)!;
}

/** Weights by persona, as configuration has them. */
export function configuredWeights(
  personas: readonly { persona: string; weights?: PersonaWeights | undefined }[],
): ConfiguredWeights {
  return new Map(
    personas.flatMap(({ persona, weights }) => (weights ? [[persona.toLowerCase(), weights] as const] : [])),
  );
}

/** What a request says about the persona. */
export interface PersonaContext extends PersonaPriors {
  /** Any string; known moods tilt the affect, others are neutral. */
  mood?: string | null;
}

/** The persona of a request: see choosePersona. @param vector the question's, if there is one */
export async function selectPersona(
  context: PersonaContext,
  query: string | null,
  vector: Float32Array | null,
  classifier: PersonaClassifier | null,
): Promise<ChosenPersona> {
  if (context.forced || query === null || !classifier) return choosePersona(null, context);
  const [reading] = await classifier.classify([{ text: query, vector }]);
  return choosePersona(reading ?? null, context);
}
