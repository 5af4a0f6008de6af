import { LRUCache } from 'lru-cache';
import type { EmbedOptions, Embedder } from './embedder';

const DEFAULT_MAX_QUERIES = 500;

/** Remembers the vectors of recent queries: the same question is often asked twice in a row. */
export function rememberQueries(inner: Embedder, maxQueries = DEFAULT_MAX_QUERIES): Embedder {
  const known = new LRUCache<string, Float32Array>({ max: maxQueries });
  return {
    name: inner.name,
    dimensions: inner.dimensions,
    check: () => inner.check(),
    close: () => inner.close(),
    async embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
      if (options.purpose !== 'query') return inner.embed(texts, options);
      const unknown = [...new Set(texts.filter((text) => !known.has(text)))];
      const found = new Map(texts.map((text) => [text, known.get(text)]));
      if (unknown.length > 0) {
        const vectors = await inner.embed(unknown, options);
        unknown.forEach((text, i) => {
          known.set(text, vectors[i]!);
          found.set(text, vectors[i]!);
        });
      }
      return texts.map((text) => found.get(text)!.slice());
    },
  };
}
