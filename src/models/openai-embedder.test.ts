import { describeEmbedderContract } from '../../test/contract/embedder.contract';
import {
  base64Of,
  startStubEmbeddingServer,
  type StubEmbeddingServer,
} from '../../test/support/stub-embedding-server';
import { RefusedError, UnavailableError } from '../domain/errors';
import { createOpenAiEmbedder, parseRetryAfter, type OpenAiEmbedderOptions } from './openai-embedder';

const DIMENSIONS = 64;
const document = { purpose: 'document' } as const;
let stub: StubEmbeddingServer;

beforeAll(async () => {
  stub = await startStubEmbeddingServer({ dimensions: DIMENSIONS });
});
beforeEach(() => stub.reset());
afterAll(() => stub.close());

const open = (options: Partial<OpenAiEmbedderOptions> = {}) =>
  createOpenAiEmbedder({
    url: stub.url,
    apiKey: 'secret',
    model: 'Acme/Embed-1',
    dimensions: DIMENSIONS,
    timeoutMs: 5_000,
    ...options,
  });

async function failure(answer: Promise<unknown>): Promise<UnavailableError | RefusedError> {
  const error = await answer.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  if (error instanceof UnavailableError || error instanceof RefusedError) return error;
  throw error;
}

describeEmbedderContract('an OpenAI-compatible service', async () => open());

describe('the OpenAI-compatible embedder', () => {
  it('is named by model and dimensions', () => expect(open().name).toBe('acme-embed-1-64'));

  it('splits many texts into requests and sends its key', async () => {
    const vectors = await open({ maxBatchTexts: 4 }).embed(
      Array.from({ length: 10 }, (_, i) => `text ${i}`),
      document,
    );
    expect(vectors).toHaveLength(10);
    expect(stub.requests.map((request) => request.texts.length)).toEqual([4, 4, 2]);
    expect(stub.requests[0]).toMatchObject({
      authorization: 'Bearer secret',
      model: 'Acme/Embed-1',
      dimensions: undefined,
    });
  });

  it('asks only models known to shorten their vectors to do so', async () => {
    await open({ model: 'text-embedding-3-small' }).embed(['a'], document);
    expect(stub.requests[0]!.dimensions).toBe(DIMENSIONS);
  });

  it.each([
    ['given', ['base64', 'base64']],
    ['ignored', ['base64', 'base64']],
    ['refused', ['base64', undefined, undefined]],
  ] as const)('asks for base64 and takes what it gets: %s', async (base64, asked) => {
    const [expected] = await open().embed(['tea or coffee'], document);
    stub.reset();
    stub.base64 = base64;
    const embedder = open();
    const vectors = [
      ...(await embedder.embed(['tea or coffee'], document)),
      ...(await embedder.embed(['tea'], document)),
    ];
    expect(vectors[0]).toEqual(expected);
    expect(vectors[1]).not.toEqual(expected);
    expect(stub.requests.map(({ encoding }) => encoding)).toEqual(asked);
  });

  it('does without base64 in requests that were under way, too', async () => {
    stub.base64 = 'refused';
    const embedder = open();
    const texts = ['a', 'b', 'c'];
    expect(await Promise.all(texts.map((text) => embedder.embed([text], document)))).toHaveLength(3);
  });

  it.each([400, 413, 422])('gives a text up at %i, once', async (status) => {
    stub.behaviour = { kind: 'status', status };
    expect(await failure(open().embed(['a'], document))).toBeInstanceOf(RefusedError);
    expect(stub.requests).toHaveLength(1);
  });

  it.each([401, 403, 404, 408, 409, 429, 500, 502, 503, 529])(
    'waits at %i, without trying again itself',
    async (status) => {
      stub.behaviour = { kind: 'status', status };
      expect(await failure(open().embed(['a'], document))).toBeInstanceOf(UnavailableError);
      expect(stub.requests).toHaveLength(1);
    },
  );

  it('says what to fix', async () => {
    stub.apiKey = 'another';
    expect((await failure(open().embed(['a'], document))).message).toMatch(
      /401 \(invalid_api_key\): check EMBEDDER_API_KEY/,
    );
    stub.reset();
    const wrongLength = await failure(open({ dimensions: 32 }).embed(['a'], document));
    expect(wrongLength.message).toMatch(/64 dimensions, not 32: set EMBEDDER_DIMENSIONS/);
    stub.behaviour = { kind: 'status', status: 400, param: 'dimensions' };
    expect(await failure(open().embed(['a'], document))).toBeInstanceOf(UnavailableError);
  });

  it.each([false, true])(
    'hands on how long a limit lasts, and works after it (as date: %s)',
    async (asDate) => {
      stub.behaviour = { kind: 'limit', retryAfterSeconds: 2, asDate };
      const limited = await failure(open().embed(['a'], document));
      expect(limited).toBeInstanceOf(UnavailableError);
      const { retryAfterMs } = limited as UnavailableError;
      expect(retryAfterMs).toBeGreaterThan(500);
      expect(retryAfterMs).toBeLessThanOrEqual(2_000);
      stub.behaviour = { kind: 'limit', retryAfterSeconds: 0 };
      await expect(open().embed(['a'], document)).resolves.toHaveLength(1);
    },
  );

  it.each(['cut', 'drop'] as const)('waits when the connection is lost (%s)', async (kind) => {
    stub.behaviour = { kind };
    const error = await failure(open().embed(['a'], document));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.cause).toBeDefined();
  });

  const vector = Array.from({ length: DIMENSIONS }, (_, i) => i + 1);
  it.each<[string, unknown]>([
    ['no JSON object', 'hello'],
    ['too few', { data: [{ index: 0, embedding: vector }] }],
    [
      'an index twice',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 0, embedding: vector },
        ],
      },
    ],
    [
      'an index too high',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 2, embedding: vector },
        ],
      },
    ],
    [
      'a number missing',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 1, embedding: [null, ...vector.slice(1)] },
        ],
      },
    ],
    [
      'no numbers in base64',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 1, embedding: base64Of([NaN, ...vector.slice(1)]) },
        ],
      },
    ],
    [
      'half of a base64',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 1, embedding: base64Of(vector).slice(0, 40) },
        ],
      },
    ],
    [
      'zeros',
      {
        data: [
          { index: 0, embedding: vector },
          { index: 1, embedding: vector.map(() => 0) },
        ],
      },
    ],
  ])('believes no broken answer: %s', async (_, body) => {
    stub.behaviour = { kind: 'body', body };
    expect(await failure(open().embed(['a', 'b'], document))).toBeInstanceOf(UnavailableError);
  });

  it('gives up waiting at its deadline', async () => {
    stub.behaviour = { kind: 'hang' };
    const error = await failure(open({ timeoutMs: 50 }).embed(['a'], document));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).toMatch(/within 50 ms/);
  });

  it('never quotes a text', async () => {
    stub.refusedMarker = 'poison';
    expect((await failure(open().embed(['poison apple'], document))).message).not.toMatch(/poison|apple/);
  });

  it('pays for one health check a minute at most', async () => {
    const embedder = open();
    await embedder.check();
    await embedder.check();
    expect(stub.requests).toHaveLength(1);
    stub.behaviour = { kind: 'drop' };
    await expect(open().check()).rejects.toBeInstanceOf(UnavailableError);
  });

  it('says so when nobody listens', async () => {
    const error = await failure(open({ url: 'http://127.0.0.1:1/v1' }).embed(['a'], document));
    expect(error).toBeInstanceOf(UnavailableError);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['3', 3_000],
    ['0', 0],
    ['1.5', 1_500],
    ['Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s is %s ms', (header, expected) => expect(parseRetryAfter(header, now)).toBe(expected));
});
