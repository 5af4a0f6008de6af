import type { PersonaReading } from '../domain/persona-tags';

export type { PersonaReading } from '../domain/persona-tags';

/** A text to be read, with its vector if there is one: nothing is embedded for reading it. */
export interface Said {
  text: string;
  vector: Float32Array | null;
}

/** Says which personas texts belong to. Deterministic: the same texts and vectors always give the same answer. */
export interface PersonaClassifier {
  /** The personas that it tells apart. */
  readonly personas: readonly string[];
  /**
   * One reading a text, in order.
   * @throws UnavailableError when what it needs is away and waiting may help
   */
  classify(said: readonly Said[]): Promise<PersonaReading[]>;
}
