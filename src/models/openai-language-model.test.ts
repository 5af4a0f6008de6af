import { z } from 'zod';
import { startStubLanguageModel, type StubLanguageModel } from '../../test/support/stub-language-model';
import { UnavailableError } from '../domain/errors';
import { extractionWithPersonasSchema } from './extraction-schema';
import type { LanguageModel } from './language-model';
import { createOpenAiLanguageModel } from './openai-language-model';

/** Less than the slow stub takes, more than a busy machine does. */
const TIMEOUT_MS = 1_500;

let stub: StubLanguageModel;
let model: LanguageModel;
const tokens = { input: 0, output: 0 };
beforeAll(async () => {
  stub = await startStubLanguageModel();
  model = createOpenAiLanguageModel({
    url: stub.url,
    apiKey: 'k',
    model: 'm',
    timeoutMs: TIMEOUT_MS,
    onTokens: ({ input, output }) => {
      tokens.input += input;
      tokens.output += output;
    },
  });
});
afterAll(() => stub.close());
afterEach(() => {
  stub.failure = () => null;
});

const ask = () =>
  model.answer(
    {
      system: 'JSON',
      prompt: 'M1 2026-01-01T00:00Z user: My cat is Tom.',
      schema: z.object({ facts: z.array(z.object({ content: z.string(), action: z.string() })) }),
      schemaName: 'facts',
      maxOutputTokens: 100,
    },
    new AbortController().signal,
  );

describe('the language model', () => {
  it('answers by the schema', async () => {
    expect(await ask()).toEqual({ facts: [{ content: 'The cat of the user is Tom.', action: 'new' }] });
    await model.check();
  });

  it('asks as services want it that hold answers to a schema, and takes what lacks a field all the same', async () => {
    stub.persona = null;
    const question = {
      system: 'JSON',
      prompt: 'M1 2026-01-01T00:00Z user: Hello.',
      schema: extractionWithPersonasSchema,
      schemaName: 'facts',
      maxOutputTokens: 100,
    };
    expect(await model.answer(question, new AbortController().signal)).toEqual({ facts: [], personas: [] });
    const schema = stub.schema as { required: string[]; properties: { personas: object } };
    expect(schema).toMatchObject({ additionalProperties: false, required: ['facts', 'personas'] });
    expect(schema.properties.personas).toMatchObject({
      items: { additionalProperties: false, required: ['part', 'names'] },
    });
    expect(JSON.stringify(schema)).not.toContain('"default"');
  });

  it('says what its answers cost, also those of no use', async () => {
    const before = { ...tokens };
    await ask();
    expect(tokens.input).toBeGreaterThan(before.input);
    expect(tokens.output).toBeGreaterThan(before.output);
    stub.failure = () => 'wrong-schema';
    const between = { ...tokens };
    await ask().catch(() => undefined);
    expect(tokens.input).toBeGreaterThan(between.input);
  });

  it.each([
    ['slow', /did not answer within 1500 ms/],
    ['limit', /answered 429/],
    ['cut', /broke off/],
    ['cut-json', /cut its answer off/],
    ['drop', /out of reach or broke off/],
    ['refuse', /refused to answer/],
    ['wrong-schema', /something else/],
    ['error', /answered 500/],
  ] as const)('%s: is to be tried again, and quotes nothing', async (failure, message) => {
    stub.failure = () => failure;
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnavailableError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('Tom');
    if (failure === 'limit') expect((error as UnavailableError).retryAfterMs).toBe(1_000);
  });
});
