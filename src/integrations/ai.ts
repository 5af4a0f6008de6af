import { wrapLanguageModel, type LanguageModelMiddleware } from 'ai';
import { MemoryClient, type CallOptions, type ClientOptions } from '../client';

type LanguageModel = Parameters<typeof wrapLanguageModel>[0]['model'];
type Prompt = Parameters<NonNullable<LanguageModelMiddleware['transformParams']>>[0]['params']['prompt'];

/** So long one call to the memory may take before a chat goes on without; `timeoutMs` says otherwise. */
const PATIENCE_MS = 5_000;
const PREFACE = 'What you remember of this user (it may or may not matter now):';

export interface WithMemoryOptions extends ClientOptions {
  userId: string;
  conversationId: string;
  /** Used instead of one made of the options above. */
  client?: MemoryClient;
  /** How long one call to the memory may take before the model answers without; default 5,000. */
  timeoutMs?: number;
  /** Budget of what is put into the prompt, in tokens; default 1,000. */
  maxTokens?: number;
  /** Told when the memory is out of reach; the model answers all the same. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/**
 * A model that remembers (Vercel AI SDK): before it answers it is told what matters for the user's last message, and
 * both turns are stored afterwards, streamed answers included, and what was said of one that was broken off. Calls that
 * only bring back a tool's result store nothing of the user again.
 */
export function withMemory(model: LanguageModel, options: WithMemoryOptions): LanguageModel {
  return wrapLanguageModel({ model, middleware: memoryMiddleware(options) });
}

/** The same as a middleware, to be combined with others. */
export function memoryMiddleware(options: WithMemoryOptions): LanguageModelMiddleware {
  const client = options.client ?? new MemoryClient(options);
  const onError = options.onError ?? ((error: unknown) => console.error('agentic-memories:', error));
  const key = { user_id: options.userId, conversation_id: options.conversationId };
  const patience = (maxRetries: number): CallOptions => ({
    timeoutMs: options.timeoutMs ?? PATIENCE_MS,
    maxRetries: options.maxRetries ?? maxRetries,
  });

  const store = async (prompt: Prompt, answer: string): Promise<void> => {
    const said = lastOfUser(prompt);
    const messages = [
      ...(said === '' ? [] : [{ role: 'user' as const, content: said }]),
      ...(answer.trim() === '' ? [] : [{ role: 'assistant' as const, content: answer }]),
    ];
    if (messages.length > 0) await client.messages({ ...key, messages }, patience(1)).catch(onError);
  };

  return {
    specificationVersion: 'v3',
    async transformParams({ params }) {
      const query = lastOfUser(params.prompt);
      if (query === '') return params;
      try {
        const budget = options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens };
        const { context } = await client.context({ ...key, query, ...budget }, patience(0));
        return context === '' ? params : { ...params, prompt: withContext(params.prompt, context) };
      } catch (error) {
        onError(error);
        return params;
      }
    },
    async wrapGenerate({ doGenerate, params }) {
      const result = await doGenerate();
      const answer = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      await store(params.prompt, answer);
      return result;
    },
    async wrapStream({ doStream, params }) {
      const { stream, ...rest } = await doStream();
      return { stream: noted(stream, (answer) => store(params.prompt, answer)), ...rest };
    },
  };
}

type StreamPart =
  Awaited<ReturnType<LanguageModel['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never;

/** The same stream; `onEnd` is awaited with what was said, however it ends: whole, broken off or broken. */
function noted(
  stream: ReadableStream<StreamPart>,
  onEnd: (answer: string) => Promise<void>,
): ReadableStream<StreamPart> {
  const reader = stream.getReader();
  let answer = '';
  return new ReadableStream<StreamPart>({
    async pull(controller) {
      const next = await reader.read().catch(async (error: unknown) => {
        await onEnd(answer);
        throw error;
      });
      if (next.done) {
        await onEnd(answer);
        return controller.close();
      }
      if (next.value.type === 'text-delta') answer += next.value.delta;
      controller.enqueue(next.value);
    },
    async cancel(reason) {
      await reader.cancel(reason);
      await onEnd(answer);
    },
  });
}

/** What the user has just said; empty when the last word is not theirs. */
function lastOfUser(prompt: Prompt): string {
  const last = prompt.at(-1);
  if (last?.role !== 'user') return '';
  return last.content
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('\n')
    .trim();
}

/** Behind the system's own words, before the conversation. */
function withContext(prompt: Prompt, context: string): Prompt {
  const place = prompt.findIndex((message) => message.role !== 'system');
  const memory = { role: 'system' as const, content: `${PREFACE}\n${context}` };
  return [...prompt.slice(0, place), memory, ...prompt.slice(place)];
}
