import { endianness } from 'node:os';
import { z } from 'zod';
import { RefusedError, UnavailableError } from '../domain/errors';
import type { EmbedOptions, Embedder } from './embedder';
import { normalize } from './quantize';

const MAX_TEXTS_PER_REQUEST = 128;
/** Services limit a request's tokens too (300,000 at OpenAI). */
const MAX_CHARS_PER_REQUEST = 240_000;
/** What lies beyond is found by its words alone: a text over a model's limit (8,191 tokens) would be refused. */
const MAX_CHARS_PER_TEXT = 24_000;
/** A success this young proves the service works: health checks must not run up a bill. */
const PROOF_VALID_MS = 60_000;

/** Faults of the configuration: every text would be refused, so none is given up. */
const CONFIGURATION_FAULTS: Record<number, string> = {
  401: 'check EMBEDDER_API_KEY',
  402: 'check the account’s credit',
  403: 'check what EMBEDDER_API_KEY may do',
  404: 'check EMBEDDER_URL (up to /v1) and EMBEDDER_MODEL',
  405: 'check EMBEDDER_URL (up to /v1)',
};
/** 4xx that speak of this moment, not of these texts. */
const PASSING_STATUSES = new Set([408, 409, 423, 425, 429]);
const CONFIGURATION_PARAMETERS = new Set(['model', 'dimensions']);

const answerSchema = z.object({
  data: z.array(
    z.object({
      index: z.number().int().min(0).optional(),
      embedding: z.union([z.base64().transform(numbersOf), z.array(z.number())]),
    }),
  ),
});
const errorSchema = z.object({
  error: z.object({
    code: z.unknown().optional(),
    type: z.unknown().optional(),
    param: z.unknown().optional(),
  }),
});

export interface OpenAiEmbedderOptions {
  /** Base URL, up to `/v1`. */
  url: string;
  apiKey: string;
  model: string;
  dimensions: number;
  /** Deadline of one request, its body included. */
  timeoutMs: number;
  maxBatchTexts?: number;
  fetch?: typeof fetch;
}

/** An embedder behind any service that speaks OpenAI's `POST /embeddings`. It never retries by itself. */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  return new OpenAiEmbedder(options);
}

class OpenAiEmbedder implements Embedder {
  readonly name: string;
  readonly dimensions: number;
  private provenAt = -Infinity;
  /** A third of the length of decimal numbers, and read in no time; OpenAI's own clients ask for it too. */
  private encoding: 'base64' | undefined = 'base64';

  constructor(private readonly options: OpenAiEmbedderOptions) {
    this.dimensions = options.dimensions;
    const model = options.model
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    this.name = `${model}-${options.dimensions}`;
  }

  async embed(texts: readonly string[], { signal }: EmbedOptions): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (const part of this.split(texts)) {
      signal?.throwIfAborted();
      for (const vector of await this.request(part, signal)) vectors.push(vector);
    }
    return vectors;
  }

  async check(): Promise<void> {
    if (Date.now() - this.provenAt < PROOF_VALID_MS) return;
    await this.request(['ready?']);
  }

  async close(): Promise<void> {}

  private *split(texts: readonly string[]): Generator<string[]> {
    const maxTexts = this.options.maxBatchTexts ?? MAX_TEXTS_PER_REQUEST;
    let part: string[] = [];
    let chars = 0;
    for (const whole of texts) {
      const text = whole.slice(0, MAX_CHARS_PER_TEXT).replace(/\p{Surrogate}/gu, '\uFFFD'); // half a pair is refused
      if (part.length > 0 && (part.length >= maxTexts || chars + text.length > MAX_CHARS_PER_REQUEST)) {
        yield part;
        part = [];
        chars = 0;
      }
      part.push(text);
      chars += text.length;
    }
    if (part.length > 0) yield part;
  }

  private async request(texts: string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const deadline = AbortSignal.timeout(this.options.timeoutMs);
    const { encoding } = this;
    try {
      const response = await (this.options.fetch ?? fetch)(
        `${this.options.url.replace(/\/+$/, '')}/embeddings`,
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(this.options.apiKey ? { authorization: `Bearer ${this.options.apiKey}` } : {}),
          },
          body: JSON.stringify(this.body(texts, encoding)),
          signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        },
      );
      if (!response.ok) {
        const body = await response.text().catch(() => '');
        // Some services refuse what they do not know; most of those that do not know it answer in numbers.
        if (encoding && body.includes('encoding_format')) {
          this.encoding = undefined;
          return await this.request(texts, signal);
        }
        throw this.explain(response, body);
      }
      const vectors = this.read(await response.json(), texts.length);
      this.provenAt = Date.now();
      return vectors;
    } catch (error) {
      if (error instanceof UnavailableError || error instanceof RefusedError) throw error;
      if (signal?.aborted) throw signal.reason;
      const what = deadline.aborted
        ? `did not answer within ${this.options.timeoutMs} ms`
        : 'is out of reach or broke off its answer';
      throw new UnavailableError('embedder', `the embedding service ${what}`, { cause: error });
    }
  }

  private body(texts: string[], encoding: 'base64' | undefined): object {
    const { model, dimensions } = this.options;
    // Only these models are known to cut their vectors on request; others refuse the parameter.
    const shortened = model.startsWith('text-embedding-3') ? { dimensions } : {};
    return { model, input: texts, ...shortened, ...(encoding && { encoding_format: encoding }) };
  }

  private read(body: unknown, count: number): Float32Array[] {
    const broken = (what: string, cause?: unknown): UnavailableError =>
      new UnavailableError('embedder', `the embedding service answered ${what}`, { cause });
    const parsed = answerSchema.safeParse(body);
    if (!parsed.success) throw broken('something else than embeddings', parsed.error);
    const { data } = parsed.data;
    if (data.length !== count) throw broken(`${data.length} embeddings for ${count} texts`);
    const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
    data.forEach(({ index, embedding }, i) => {
      if (embedding.length !== this.dimensions) {
        throw broken(
          `vectors of ${embedding.length} dimensions, not ${this.dimensions}: set EMBEDDER_DIMENSIONS to what the model gives`,
        );
      }
      vectors[index ?? i] = normalize(embedding);
    });
    const ordered = vectors.filter((vector) => vector !== undefined);
    if (ordered.length !== count || vectors.length !== count) throw broken('embeddings with a wrong index');
    if (ordered.some((vector) => !vector.every(Number.isFinite))) throw broken('a vector of no numbers');
    if (ordered.some((vector) => vector.every((value) => value === 0))) throw broken('a vector of zeros');
    return ordered;
  }

  /** Says what a failed answer means. Its text is left out: services quote the input in it. */
  private explain(response: Response, body: string): UnavailableError | RefusedError {
    const { status } = response;
    const detail = errorSchema.safeParse(jsonOf(body)).data?.error;
    const code = [detail?.code, detail?.type].find(
      (value) => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value),
    );
    const said = `the embedding service answered ${status}${code ? ` (${String(code)})` : ''}`;
    const advice =
      CONFIGURATION_FAULTS[status] ??
      (CONFIGURATION_PARAMETERS.has(String(detail?.param)) || String(detail?.code).startsWith('model_')
        ? 'check EMBEDDER_MODEL and EMBEDDER_DIMENSIONS'
        : undefined);
    if (advice && status < 500) return new UnavailableError('embedder', `${said}: ${advice}`);
    if (status >= 400 && status < 500 && !PASSING_STATUSES.has(status))
      return new RefusedError('embedder', said);
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'));
    return new UnavailableError('embedder', said, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
}

/** Little-endian 32-bit floats, as OpenAI's API encodes vectors. */
function numbersOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  const whole = bytes.subarray(0, bytes.length - (bytes.length % Float32Array.BYTES_PER_ELEMENT));
  if (endianness() === 'BE') whole.swap32();
  // A copy, since a view would have to begin at a multiple of four bytes.
  return new Float32Array(Uint8Array.from(whole).buffer);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Milliseconds that a Retry-After header asks for: seconds or an HTTP date; undefined if it says neither. */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  const value = header?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
