import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { base64Of } from '../support/stub-embedding-server';

/**
 * An OpenAI-compatible embeddings service that costs nothing: every text has one of a few vectors, as far apart as the
 * sentences of one talk are.
 */
export interface InstantEmbeddings {
  url: string;
  requests: number;
  texts: number;
  close(): void;
}

const VARIANTS = 64;
/** What all vectors share: their mean cosine is then 0.2. */
const SHARED = 0.35;

export async function startInstantEmbeddings(dimensions: number): Promise<InstantEmbeddings> {
  const vectors = Array.from({ length: VARIANTS }, (_, v) => {
    const vector = Array.from(
      { length: dimensions },
      (_, d) => Math.round(1e4 * (SHARED + Math.sin(1 + v * 31 + d))) / 1e4,
    );
    return { base64: JSON.stringify(base64Of(vector)), float: JSON.stringify(vector) };
  });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { input, encoding_format: encoding = 'float' } = JSON.parse(Buffer.concat(chunks).toString()) as {
        input: string | string[];
        encoding_format?: 'base64' | 'float';
      };
      const texts = Array.isArray(input) ? input : [input];
      stub.requests += 1;
      stub.texts += texts.length;
      const data = texts.map(
        (text, index) =>
          `{"index":${index},"embedding":${vectors[(text.length + index) % VARIANTS]![encoding]}}`,
      );
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"data":[${data.join(',')}]}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: InstantEmbeddings = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: 0,
    texts: 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return stub;
}
