/** Turns texts into unit vectors. Implementations gather, batch and time out; retries are Temporal's. */
export interface Embedder {
  /** Identifies the vector space in the record (`minilm-l6-v2-384`); vectors of two names are never compared. */
  readonly name: string;
  readonly dimensions: number;
  /**
   * One vector a text, in order, each of length 1.
   * @throws UnavailableError when waiting may help (out of reach, timeout, 429 with its Retry-After, 5xx, a broken body)
   * @throws RefusedError when one of these texts is refused for good (4xx): the caller bisects
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]>;
  /** Resolves when it can answer. @throws UnavailableError with the reason. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface EmbedOptions {
  /** A `query` has a person waiting and goes before documents. */
  purpose: 'query' | 'document';
  signal?: AbortSignal;
}
