import type { z } from 'zod';

/** One question whose answer has a schema. */
export interface ModelQuestion<T> {
  /** What to do; the same for every text, so that services may cache it. */
  system: string;
  /** What to do it with. */
  prompt: string;
  schema: z.ZodType<T>;
  /** Names the schema to the service. */
  schemaName: string;
  maxOutputTokens: number;
}

/** A language model that answers in JSON. It never retries by itself: retries are Temporal's. */
export interface LanguageModel {
  /** Identifies the model in the record. */
  readonly name: string;
  /**
   * @throws UnavailableError('llm') whenever another try may help: out of reach, late, 429 (with its Retry-After), 5xx, a
   *   refusal, an answer that is cut off or no such JSON
   * @throws RefusedError('llm') when the service refuses this very request
   */
  answer<T>(question: ModelQuestion<T>, signal: AbortSignal): Promise<T>;
  /** Resolves when the service answers. @throws UnavailableError with the reason */
  check(): Promise<void>;
}
