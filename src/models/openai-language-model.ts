import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  NoObjectGeneratedError,
  NoOutputGeneratedError,
  Output,
  generateText,
  jsonSchema,
  type LanguageModelUsage,
  type Schema,
} from 'ai';
import { z } from 'zod';
import { RefusedError, UnavailableError, ensureError } from '../domain/errors';
import type { LanguageModel, ModelQuestion } from './language-model';

const CHECK_TIMEOUT_MS = 1_500;
/** A longer wait than this that a service asks for is cut: the window is tried again later anyway. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;
/** Faults of the configuration: every request would be refused, so none is given up for good. */
const CONFIGURATION_FAULTS: Record<number, string> = {
  401: 'check LLM_API_KEY',
  402: 'check the account’s credit',
  403: 'check what LLM_API_KEY may do',
  404: 'check LLM_URL (up to /v1) and LLM_MODEL',
  405: 'check LLM_URL (up to /v1)',
};
const PASSING_STATUSES = new Set([408, 409, 423, 425, 429]);

export interface OpenAiLanguageModelOptions {
  /** Base URL, up to `/v1`. */
  url: string;
  apiKey: string;
  model: string;
  /** Deadline of one request, its body included. */
  timeoutMs: number;
  /** Told what the service says it has read and written, of answers that are of no use too: they are paid for. */
  onTokens?: ((tokens: ModelTokens) => void) | undefined;
}

export interface ModelTokens {
  input: number;
  output: number;
}

/** A language model behind any service that speaks OpenAI's `POST /chat/completions` with a JSON schema. */
export function createOpenAiLanguageModel(options: OpenAiLanguageModelOptions): LanguageModel {
  const baseURL = options.url.replace(/\/+$/, '');
  const provider = createOpenAICompatible({
    name: 'llm',
    baseURL,
    supportsStructuredOutputs: true,
    ...(options.apiKey ? { apiKey: options.apiKey } : {}),
  });
  const headers = options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {};

  const count = (usage: Partial<LanguageModelUsage> | undefined): void =>
    options.onTokens?.({ input: usage?.inputTokens ?? 0, output: usage?.outputTokens ?? 0 });

  return {
    name: options.model,

    async answer<T>(question: ModelQuestion<T>, signal: AbortSignal): Promise<T> {
      const deadline = AbortSignal.timeout(options.timeoutMs);
      try {
        const { output, usage } = await generateText({
          model: provider(options.model),
          system: question.system,
          prompt: question.prompt,
          output: Output.object({ schema: strictSchema(question.schema), name: question.schemaName }),
          maxOutputTokens: question.maxOutputTokens,
          temperature: 0,
          maxRetries: 0,
          abortSignal: AbortSignal.any([signal, deadline]),
        });
        count(usage);
        return output;
      } catch (thrown) {
        if (NoObjectGeneratedError.isInstance(thrown)) count(thrown.usage);
        if (signal.aborted) throw signal.reason;
        throw explain(ensureError(thrown), deadline.aborted ? options.timeoutMs : null);
      }
    },

    async check() {
      let status: number;
      try {
        const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
        const response = await fetch(`${baseURL}/models`, { headers, signal });
        await response.body?.cancel();
        ({ status } = response);
      } catch (cause) {
        throw new UnavailableError('llm', 'the language model’s service is out of reach', { cause });
      }
      // Not every service lists its models; one that answers is there.
      if (status >= 500 || status === 401 || status === 403)
        throw new UnavailableError('llm', said(status, CONFIGURATION_FAULTS[status]));
    },
  };
}

/** As services want it that hold answers to a schema: every object closed, and no defaults. */
function strictSchema<T>(schema: z.ZodType<T>): Schema<T> {
  const json = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override({ jsonSchema: part }) {
      delete part.default;
      if (part.type === 'object') part.additionalProperties = false;
    },
  });
  return jsonSchema<T>(json as Parameters<typeof jsonSchema>[0], {
    validate(value) {
      const parsed = schema.safeParse(value);
      return parsed.success ? { success: true, value: parsed.data } : { success: false, error: parsed.error };
    },
  });
}

/** Says what a failure means. What the service said is left out: such messages quote the input. */
function explain(error: Error, lateAfterMs: number | null): Error {
  if (lateAfterMs !== null)
    return new UnavailableError('llm', `the language model did not answer within ${lateAfterMs} ms`);
  if (NoObjectGeneratedError.isInstance(error)) {
    const why =
      error.finishReason === 'length'
        ? 'cut its answer off'
        : error.finishReason === 'content-filter'
          ? 'refused to answer'
          : 'answered something else than what was asked for';
    return new UnavailableError('llm', `the language model ${why}`);
  }
  if (NoOutputGeneratedError.isInstance(error))
    return new UnavailableError('llm', 'the language model refused to answer, or cut its answer off');
  const status = APICallError.isInstance(error) ? error.statusCode : undefined;
  if (!APICallError.isInstance(error) || status === undefined || status < 400)
    return new UnavailableError(
      'llm',
      'the language model’s service is out of reach or broke off its answer',
    );
  if (status >= 500 || PASSING_STATUSES.has(status) || status in CONFIGURATION_FAULTS) {
    const retryAfterMs = retryAfterOf(error.responseHeaders);
    return new UnavailableError(
      'llm',
      said(status, CONFIGURATION_FAULTS[status]),
      retryAfterMs === undefined ? {} : { retryAfterMs },
    );
  }
  return new RefusedError('llm', said(status));
}

function said(status: number, advice?: string): string {
  return `the language model’s service answered ${status}${advice ? `: ${advice}` : ''}`;
}

function retryAfterOf(headers: Record<string, string> | undefined): number | undefined {
  const value = headers?.['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined;
}
