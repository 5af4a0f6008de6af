import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Every way in which a service fails its callers. */
export const MODEL_FAILURES = [
  'slow',
  'limit',
  'cut',
  'cut-json',
  'drop',
  'refuse',
  'wrong-schema',
  'error',
] as const;
export type ModelFailure = (typeof MODEL_FAILURES)[number];

export interface StubLanguageModel {
  /** Base URL, up to `/v1`. */
  readonly url: string;
  /** Decides what becomes of a request; null: it is answered. */
  failure: (prompt: string) => ModelFailure | null;
  /** How long it thinks before it answers. */
  latencyMs: number;
  /** What it says those messages are about whose personas are asked for; null: it says nothing of them. */
  persona: string | null;
  /** How long it wants to be left alone when it answers 429. */
  retryAfterSeconds: number;
  /** The schema of the last request's answer. */
  schema: unknown;
  /** The prompts of all requests, whatever came of them. */
  readonly prompts: string[];
  /** The prompts that were answered as they should be. */
  readonly answered: string[];
  close(): Promise<void>;
}

const SLOW_MS = 5_000;

/**
 * A language model on loopback that speaks OpenAI's chat completions. It reads `My <thing> is <value>.` from messages,
 * and compares by the thing. Of each part that is to be summarized, and of what a narrative is told from, it repeats some
 * lines, between a sentence that is made up and one whose line does not exist.
 */
export async function startStubLanguageModel(): Promise<StubLanguageModel> {
  const http = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const stub: StubLanguageModel = {
    url: '',
    failure: () => null,
    latencyMs: 0,
    persona: null,
    retryAfterSeconds: 1,
    schema: null,
    prompts: [],
    answered: [],
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/v1/models') return send(response, 200, { data: [] });
    if (request.url !== '/v1/chat/completions') return send(response, 404, {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      messages: { role: string; content: string }[];
      response_format?: { json_schema?: { schema: unknown } };
    };
    stub.schema = body.response_format?.json_schema?.schema ?? null;
    const prompt = body.messages.find((message) => message.role === 'user')!.content;
    stub.prompts.push(prompt);
    const json = JSON.stringify(answerTo(prompt, stub.persona));
    if (stub.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, stub.latencyMs));
    switch (stub.failure(prompt)) {
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS).unref());
        return send(response, 200, completion(json));
      case 'limit':
        return send(
          response,
          429,
          { error: { message: 'limited' } },
          { 'retry-after': String(stub.retryAfterSeconds) },
        );
      case 'error':
        return send(response, 500, { error: { message: 'broken' } });
      case 'drop':
        response.destroy();
        return;
      case 'cut': {
        const whole = JSON.stringify(completion(json));
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length + 10 });
        response.write(whole.slice(0, whole.length / 2), () => response.destroy());
        return;
      }
      case 'cut-json':
        return send(response, 200, completion(json.slice(0, json.length / 2), 'length'));
      case 'refuse':
        return send(response, 200, completion('I cannot help with that.', 'content_filter'));
      case 'wrong-schema':
        return send(response, 200, completion(JSON.stringify({ facts: [{ text: 'x' }] })));
      default:
        stub.answered.push(prompt);
        return send(response, 200, completion(json));
    }
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return Object.assign(stub, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1` });
}

function answerTo(prompt: string, persona: string | null): object {
  if (isTelling(prompt)) return { summaries: summariesOf(prompt) };
  if (isNarrating(prompt)) return { sentences: sentencesOf(prompt) };
  return { facts: factsIn(prompt), ...(persona === null ? {} : { personas: personasOf(prompt, persona) }) };
}

/** Of the parts whose personas are asked for, the one it is told to say, beside one that there is not. */
function personasOf(prompt: string, persona: string): object[] {
  const asked = /^Unsure, of [^:]*: (.*)$/m.exec(prompt)?.[1] ?? '';
  return [...asked.matchAll(/U(\d+) /g)].map(([, part]) => ({
    part: Number(part),
    names: ['nonsense', persona],
  }));
}

/** Whether this asks for a narrative. */
export function isNarrating(prompt: string): boolean {
  return prompt.startsWith('Question: ');
}

/** Whether this asks for summaries. */
export function isTelling(prompt: string): boolean {
  return prompt.startsWith('P1: ');
}

/** What no line says. */
export const MADE_UP = 'Nobody expected 77 elephants.';
const REPEATED_LINES = 4;

function summariesOf(prompt: string): object[] {
  return prompt.split('\n\n').map((part, i) => ({ part: i + 1, sentences: sentencesOf(part) }));
}

function sentencesOf(part: string): object[] {
  const lines = part.split('\n').filter((line) => /^\d+ /.test(line));
  const repeated = lines.slice(0, REPEATED_LINES).map((line) => {
    const [, number, text] = /^(\d+) \S+(?: [^:]*)?: (.*)$/.exec(line)!;
    return { text: `It was said: ${text}`, lines: [Number(number)] };
  });
  return [
    { text: MADE_UP, lines: repeated[0]!.lines },
    ...repeated,
    { text: repeated[0]!.text + ' Again.', lines: [999_999] },
  ];
}

const STATEMENT = /\bMy (\w+) is (\w+)\./;
const KEPT = /\bThe (\w+) of the user is (\w+)\./;

function factsIn(prompt: string): object[] {
  const lines = prompt.split('\n');
  const kept = lines.flatMap((line) => {
    const match = /^K(\d+): /.exec(line);
    const fact = KEPT.exec(line);
    return match && fact ? [{ number: Number(match[1]), thing: fact[1], value: fact[2] }] : [];
  });
  return lines.flatMap((line) => {
    const match = /^M(\d+) /.exec(line);
    const statement = STATEMENT.exec(line);
    if (!match || !statement) return [];
    const [, thing, value] = statement;
    const known = kept.find((one) => one.thing === thing);
    return [
      {
        content: `The ${thing} of the user is ${value}.`,
        layer: 'semantic',
        type: 'explicit',
        importance: 0.7,
        personas: ['identity'],
        affect: null,
        holding: null,
        valid_from: null,
        messages: [Number(match[1])],
        action: known ? (known.value === value ? 'same' : 'updates') : 'new',
        known: known?.number ?? null,
      },
    ];
  });
}

function completion(content: string, finishReason = 'stop'): object {
  return {
    id: 'stub',
    object: 'chat.completion',
    created: 0,
    model: 'stub',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
