import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the stub does with the next requests, until it is told otherwise. */
export type StubBehaviour =
  | { kind: 'answer'; latencyMs?: number }
  /** 429 with `Retry-After`; answers again once that much time has passed. */
  | { kind: 'limit'; retryAfterSeconds: number; asDate?: boolean }
  | { kind: 'status'; status: number; code?: string; param?: string }
  /** 200 and a length, but the connection ends in the middle of the JSON. */
  | { kind: 'cut' }
  /** A whole body of another shape. */
  | { kind: 'body'; body: unknown }
  | { kind: 'drop' }
  | { kind: 'hang' };

export interface StubEmbeddingServer {
  /** Base URL, up to `/v1`. */
  readonly url: string;
  /** Set it to change how the stub behaves from now on. */
  behaviour: StubBehaviour;
  /** Any request with a text containing it is refused with 400. */
  refusedMarker: string | null;
  /** Any request with a text containing it is answered with 500. */
  troublingMarker: string | null;
  /** What it does when it is asked for base64: as it is asked, numbers all the same, or nothing. */
  base64: 'given' | 'ignored' | 'refused';
  /** The bearer token it insists on, if any. */
  apiKey: string | null;
  /** Every request that arrived, whatever came of it. */
  readonly requests: StubRequest[];
  /** How often a text was embedded, in requests that were answered, be it by half a body: the work was done. */
  timesEmbedded(text: string): number;
  /** The largest of these counts over all texts. */
  mostTimesEmbedded(): number;
  reset(): void;
  close(): Promise<void>;
}

export interface StubRequest {
  texts: string[];
  model: string;
  dimensions: number | undefined;
  encoding: string | undefined;
  authorization: string | undefined;
}

/**
 * An OpenAI-compatible embeddings service on loopback. Vectors come from the hashed words of a text, so texts
 * that share words are near each other, and the same text always has the same vector.
 */
export async function startStubEmbeddingServer({ dimensions = 64 } = {}): Promise<StubEmbeddingServer> {
  const embedded = new Map<string, number>();
  const requests: StubRequest[] = [];
  let behaviour: StubBehaviour = { kind: 'answer' };
  let limitedUntil = 0;

  const http = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/v1/embeddings')
      return answer(response, 404, failure('not_found'));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      input: string | string[];
      model: string;
      dimensions?: number;
      encoding_format?: string;
    };
    const texts = Array.isArray(body.input) ? body.input : [body.input];
    const { authorization } = request.headers;
    requests.push({
      texts,
      model: body.model,
      dimensions: body.dimensions,
      encoding: body.encoding_format,
      authorization,
    });
    if (server.apiKey !== null && authorization !== `Bearer ${server.apiKey}`) {
      return answer(response, 401, failure('invalid_api_key'));
    }
    if (body.encoding_format && server.base64 === 'refused')
      return answer(response, 422, {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'encoding_format'] }],
      });
    const base64 = body.encoding_format === 'base64' && server.base64 === 'given';
    const now: StubBehaviour =
      behaviour.kind === 'limit' && Date.now() >= limitedUntil ? { kind: 'answer' } : behaviour;
    const { refusedMarker, troublingMarker } = server;
    switch (now.kind) {
      case 'limit': {
        const retryAfter = now.asDate ? new Date(limitedUntil).toUTCString() : String(now.retryAfterSeconds);
        return answer(response, 429, failure('rate_limit_exceeded'), { 'retry-after': retryAfter });
      }
      case 'status':
        return answer(response, now.status, failure(now.code ?? 'stub', now.param));
      case 'cut': {
        count(texts);
        const whole = JSON.stringify(embeddings(texts, base64));
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(whole),
        });
        response.write(whole.slice(0, whole.length / 2), () => response.destroy());
        return;
      }
      case 'body':
        return answer(response, 200, now.body);
      case 'drop':
        response.destroy();
        return;
      case 'hang':
        return;
      case 'answer':
        if (now.latencyMs) await new Promise((resolve) => setTimeout(resolve, now.latencyMs));
        if (refusedMarker !== null && texts.some((text) => text.includes(refusedMarker))) {
          return answer(response, 400, failure('invalid_input', 'input'));
        }
        if (troublingMarker !== null && texts.some((text) => text.includes(troublingMarker)))
          return answer(response, 500, failure('stub'));
        count(texts);
        return answer(response, 200, embeddings(texts, base64));
    }
  }

  function count(texts: string[]): void {
    for (const text of texts) embedded.set(text, (embedded.get(text) ?? 0) + 1);
  }

  function embeddings(texts: string[], base64: boolean): object {
    const data = texts.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: base64 ? base64Of(hashedWords(text, dimensions)) : hashedWords(text, dimensions),
    }));
    // Out of order on purpose: the index says which text a vector belongs to.
    return { object: 'list', data: data.reverse(), usage: { prompt_tokens: 0, total_tokens: 0 } };
  }

  const server: StubEmbeddingServer = {
    url: '',
    refusedMarker: null,
    troublingMarker: null,
    base64: 'given',
    apiKey: null,
    requests,
    get behaviour() {
      return behaviour;
    },
    set behaviour(next) {
      behaviour = next;
      if (next.kind === 'limit') limitedUntil = Date.now() + next.retryAfterSeconds * 1_000;
    },
    timesEmbedded: (text) => embedded.get(text) ?? 0,
    mostTimesEmbedded: () => Math.max(0, ...embedded.values()),
    reset() {
      behaviour = { kind: 'answer' };
      server.refusedMarker = null;
      server.troublingMarker = null;
      server.base64 = 'given';
      server.apiKey = null;
      requests.length = 0;
      embedded.clear();
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1` });
}

/** Not normalised, as some services answer: that is the embedder's to do. */
function hashedWords(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const digest = createHash('sha256').update(word).digest();
    vector[digest.readUInt32LE(0) % dimensions]! += digest[4]! < 128 ? 1 : -1;
    vector[digest.readUInt32LE(5) % dimensions]! += 0.5;
  }
  if (!vector.some((value) => value !== 0)) vector[0] = 1;
  return vector;
}

/** Little-endian 32-bit floats, as OpenAI's API answers. */
export function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * Float32Array.BYTES_PER_ELEMENT));
  return bytes.toString('base64');
}

function failure(code: string, param?: string): object {
  return { error: { message: 'as the stub was told', type: 'stub_error', code, param: param ?? null } };
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
