import type { Turn } from '../src/domain/message';
import type { Embedder } from '../src/models/embedder';
import { embeddingTextOf } from '../src/recall/index-terms';
import { eachOrRefused, failureReason } from './each-or-refused';

/**
 * Embeds turns in one request; a text that the embedder refuses is found and fails alone.
 * @returns vectors by seq, and why others have none
 */
export async function embedTurns(
  embedder: Embedder,
  turns: readonly Pick<Turn, 'seq' | 'name' | 'role' | 'content'>[],
  signal: AbortSignal,
): Promise<{ embedded: Map<number, Float32Array>; refused: Map<number, string> }> {
  const { done, refused } = await eachOrRefused(turns, (part) =>
    embedder.embed(part.map(embeddingTextOf), { purpose: 'document', signal }),
  );
  return {
    embedded: new Map([...done].map(([turn, vector]) => [turn.seq, vector])),
    refused: new Map([...refused].map(([turn, error]) => [turn.seq, failureReason(error)])),
  };
}
