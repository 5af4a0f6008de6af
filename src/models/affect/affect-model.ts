import type { EmotionalSignature } from '../../domain/memory';
import type { Said } from '../persona-classifier';

/** Says what is felt in texts. Deterministic: the same texts and vectors always give the same answer. */
export interface AffectModel {
  /**
   * One signature a text, in order; null where nothing is felt.
   * @throws UnavailableError when what it needs is away and waiting may help
   */
  feel(said: readonly Said[]): Promise<(EmotionalSignature | null)[]>;
}
