import type { AffectModel } from './affect/affect-model';
import { createLocalAffectModel } from './affect/local-affect-model';
import type { Embedder } from './embedder';
import { exampleVectors } from './example-vectors';
import { EXAMPLES } from './examples/examples';
import { createLocalPersonaClassifier, type PersonaExamples } from './local-persona-classifier';
import type { PersonaClassifier } from './persona-classifier';

/** What reads texts: who they are about, and what is felt. */
export interface Readers {
  personas: PersonaClassifier;
  affect: AffectModel;
}

/**
 * The local readers, with vectors of an embedder or, without one, by words alone.
 * @param options.hurried they go by words while the examples' vectors are not there, instead of waiting
 */
export function createReaders(
  embedder: Embedder | null,
  options: { added?: readonly PersonaExamples[]; hurried?: boolean } = {},
): Readers {
  const vectors = exampleVectors(
    embedder,
    EXAMPLES.map((example) => example.text),
  );
  const hurried = options.hurried ?? false;
  return {
    personas: createLocalPersonaClassifier(vectors, { added: options.added ?? [], hurried }),
    affect: createLocalAffectModel(vectors, hurried),
  };
}
