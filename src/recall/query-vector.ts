import { RefusedError, UnavailableError } from '../domain/errors';
import type { Embedder } from '../models/embedder';

/** A person waits for the answer: without a vector by then, words have to do. */
const QUERY_EMBEDDING_DEADLINE_MS = 1_000;

/** The question's vector; null when there is no embedder, or it cannot give one now: words still find something. */
export async function queryVector(embedder: Embedder | null, text: string): Promise<Float32Array | null> {
  if (!embedder || text.trim() === '') return null;
  const signal = AbortSignal.timeout(QUERY_EMBEDDING_DEADLINE_MS);
  const late = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const embedded = embedder.embed([text], { purpose: 'query', signal }).then(
    (vectors) => vectors[0] ?? null,
    (thrown: unknown) => {
      if (signal.aborted || thrown instanceof UnavailableError || thrown instanceof RefusedError) return null;
      throw thrown;
    },
  );
  return Promise.race([embedded, late]);
}
