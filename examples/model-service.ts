import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Where a model is, for libraries that speak the OpenAI API themselves. */
export interface ModelService {
  url: string;
  apiKey: string;
  model: string;
  close(): void;
}

interface ChatRequest {
  stream?: boolean;
  messages: { role: string; content: string }[];
}

/** The service that `LLM_URL` names; without it one on this machine, which repeats what it was told of memory. */
export async function modelService(): Promise<ModelService> {
  const url = process.env['LLM_URL'];
  const apiKey = process.env['LLM_API_KEY'] ?? '';
  const model = process.env['LLM_MODEL'] ?? 'gpt-4o-mini';
  if (url) return { url, apiKey, model, close: () => undefined };
  const server = createServer((request, response) => {
    void text(request).then((body) => answer(JSON.parse(body) as ChatRequest, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/v1`, apiKey, model, close };
}

function answer({ messages, stream }: ChatRequest, response: ServerResponse): void {
  const remembered = messages
    .filter(({ role }) => role === 'system')
    .flatMap(({ content }) => content.split('\n'))
    .flatMap((line) => /^user: (.+)/.exec(line)?.[1] ?? []);
  const said = remembered.length === 0 ? 'Noted.' : `I remember: ${remembered.join(' | ')}`;
  const whole = { id: 'stub', created: 0, model: 'stub' };
  if (!stream) {
    const message = { role: 'assistant', content: said };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ ...whole, choices: [{ index: 0, message, finish_reason: 'stop' }] }));
    return;
  }
  response.setHeader('Content-Type', 'text/event-stream');
  const send = (delta: object, finish: string | null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    response.write(`data: ${JSON.stringify({ ...whole, choices })}\n\n`);
  };
  for (const content of said.split(/(?<= )/)) send({ role: 'assistant', content }, null);
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}
