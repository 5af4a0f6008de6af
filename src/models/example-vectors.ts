import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError } from '../domain/errors';
import type { Embedder } from './embedder';
import { hashOfTexts } from './examples/examples';
import { fromInt8 } from './quantize';

const HASH_BYTES = 32;
const TEXTS_A_CALL = 128;

/** Vectors of example sentences in one embedder's space. */
export interface ExampleVectors {
  /**
   * One vector a text, in order; null where there is no embedder, or it refuses these texts.
   * @throws UnavailableError while the embedder is away
   */
  of(texts: readonly string[]): Promise<Float32Array[] | null>;
}

/**
 * Vectors of example sentences: those that ship with the product where they are this embedder's, else embedded once a
 * process, when they are first asked for.
 */
export function exampleVectors(embedder: Embedder | null, shippedTexts: readonly string[]): ExampleVectors {
  const shipped = embedder ? readShipped(embedder, shippedTexts) : new Map<string, Float32Array>();
  return {
    async of(texts) {
      if (!embedder) return null;
      try {
        const missing = texts.filter((text) => !shipped.has(text));
        for (let from = 0; from < missing.length; from += TEXTS_A_CALL) {
          const part = missing.slice(from, from + TEXTS_A_CALL);
          const vectors = await embedder.embed(part, { purpose: 'document' });
          part.forEach((text, i) => shipped.set(text, vectors[i]!));
        }
        return texts.map((text) => shipped.get(text)!);
      } catch (thrown) {
        if (thrown instanceof RefusedError) return null;
        throw thrown;
      }
    },
  };
}

/** The file beside the examples in which one embedder's vectors ship: a hash of the texts, then int8 vectors. */
export function shippedVectorsFile(embedderName: string): string {
  return join(__dirname, 'examples', `${embedderName}.bin`);
}

function readShipped(embedder: Embedder, texts: readonly string[]): Map<string, Float32Array> {
  const file = shippedVectorsFile(embedder.name.replace(/[^A-Za-z0-9._-]/g, '_'));
  if (!existsSync(file)) return new Map();
  const bytes = readFileSync(file);
  const size = embedder.dimensions;
  const fits = bytes.length === HASH_BYTES + texts.length * size;
  if (!fits || !bytes.subarray(0, HASH_BYTES).equals(hashOfTexts(texts))) return new Map();
  return new Map(
    texts.map((text, i) => {
      const from = HASH_BYTES + i * size;
      return [text, fromInt8(bytes.subarray(from, from + size))];
    }),
  );
}
