import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { generateText, streamText } from 'ai';
import { MemoryClient } from '../../src/client';
import { withMemory } from '../../src/integrations/ai';
import { MemoryMessageHistory, MemoryRetriever } from '../../src/integrations/langchain';
import { serveHttp } from '../../src/mcp/serve';
import { startCli } from '../support/cli';
import { freePort } from '../support/free-port';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const MAIN = path.resolve(__dirname, '../../dist/src/cli/main.js');
const DEADLINE_MS = 20_000;
const ANSWER = 'You are allergic to peanuts.';
/** In a prompt: only the beginning of the answer comes. */
const SLOWLY = 'Take your time.';
const QUESTION = 'Which foods am I allergic to?';

let stack: Stack;
let client: MemoryClient;
/** A language model of the OpenAI API that answers one thing, and keeps what it was told. */
let service: Server;
let serviceUrl: string;
let told: { role: string; content: string }[][];

beforeAll(async () => {
  service = createServer((request, response) => {
    void text(request).then((body) => {
      const { messages, stream } = JSON.parse(body) as { messages: (typeof told)[number]; stream?: boolean };
      told.push(messages);
      const base = { id: '1', created: 1, model: 'm' };
      if (!stream) {
        const message = { role: 'assistant', content: ANSWER };
        response.writeHead(200, { 'Content-Type': 'application/json' });
        return response.end(
          JSON.stringify({ ...base, choices: [{ index: 0, message, finish_reason: 'stop' }] }),
        );
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const pieces = ANSWER.match(/.{1,9}/g)!.map(
        (content) =>
          `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta: { role: 'assistant', content } }] })}\n\n`,
      );
      // The rest never comes.
      if (body.includes(SLOWLY)) return response.write(pieces[0]);
      for (const piece of pieces) response.write(piece);
      const last = { ...base, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
      return response.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  serviceUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}/v1`;
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  client = new MemoryClient({ baseUrl: stack.url });
}, 120_000);
afterAll(async () => {
  service.closeAllConnections();
  service.close();
  await stack?.stop();
}, 60_000);
beforeEach(() => (told = []));

async function someone(): Promise<string> {
  const userId = `user-${randomUUID()}`;
  const history = [{ role: 'user' as const, content: 'I am allergic to peanuts.' }];
  await client.store({ user_id: userId, conversation_id: 'before', history });
  return userId;
}

/** What a conversation holds, by its export through search. */
async function turnsOf(userId: string, conversationId: string): Promise<string[]> {
  await client.flush({ user_id: userId, conversation_id: conversationId });
  const { results } = await client.retrieve({
    user_id: userId,
    metadata_filter: `conversation_id:${conversationId}`,
    sort: 'oldest',
    limit: 50,
  });
  return results.map((item) => `${(item.metadata['message_roles'] as string[])[0]}: ${item.content}`);
}

describe('Vercel AI SDK', () => {
  const remembering = (userId: string, conversationId: string, options = {}) => {
    const provider = createOpenAICompatible({ name: 'stub', baseURL: serviceUrl });
    return withMemory(provider('m'), { baseUrl: stack.url, userId, conversationId, ...options });
  };

  it('tells the model what matters, and stores both turns', async () => {
    const userId = await someone();
    const model = remembering(userId, 'generated');
    const { text: answer } = await generateText({ model, system: 'Be brief.', prompt: QUESTION });
    expect(answer).toBe(ANSWER);
    expect(told[0]!.map((message) => message.role)).toEqual(['system', 'system', 'user']);
    expect(told[0]![0]!.content).toBe('Be brief.');
    expect(told[0]![1]!.content).toMatch(/remember[^]*I am allergic to peanuts\./);
    expect(await turnsOf(userId, 'generated')).toEqual([`user: ${QUESTION}`, `assistant: ${ANSWER}`]);
  });

  it('does the same for a stream', async () => {
    const userId = await someone();
    const { textStream } = streamText({ model: remembering(userId, 'streamed'), prompt: QUESTION });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(ANSWER);
    expect(JSON.stringify(told[0])).toContain('I am allergic to peanuts.');
    expect(await turnsOf(userId, 'streamed')).toEqual([`user: ${QUESTION}`, `assistant: ${ANSWER}`]);
  });

  it('stores what was said of an answer that is broken off', async () => {
    const userId = await someone();
    const abort = new AbortController();
    const { textStream } = streamText({
      model: remembering(userId, 'aborted'),
      prompt: `${QUESTION} ${SLOWLY}`,
      abortSignal: abort.signal,
      onError: () => undefined,
    });
    let heard = '';
    for await (const piece of textStream) {
      heard += piece;
      abort.abort();
    }
    expect(heard).not.toBe('');
    const stored = await poll('both turns are stored', DEADLINE_MS, async () => {
      const turns = await turnsOf(userId, 'aborted');
      return turns.length === 2 && turns;
    });
    expect(stored[0]).toBe(`user: ${QUESTION} ${SLOWLY}`);
    expect(ANSWER.startsWith(stored[1]!.replace('assistant: ', ''))).toBe(true);
    expect(stored[1]!.length).toBeLessThan(`assistant: ${ANSWER}`.length);
  });

  it('waits no longer for its memory than it is told to', async () => {
    const errors: unknown[] = [];
    const silent: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) =>
        init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error)),
      );
    const options = {
      client: new MemoryClient({ fetch: silent }),
      timeoutMs: 100,
      onError: (error: unknown) => errors.push(error),
    };
    const { text: answer } = await generateText({ model: remembering('u', 'c', options), prompt: QUESTION });
    expect(answer).toBe(ANSWER);
    expect(errors.map((error) => (error as Error).name)).toEqual(['TimeoutError', 'TimeoutError']);
  });

  it('answers without its memory when that is away, and says so', async () => {
    const errors: unknown[] = [];
    const away = new MemoryClient({ baseUrl: 'http://127.0.0.1:9', maxRetries: 0 });
    const options = { client: away, onError: (error: unknown) => errors.push(error) };
    const { text: answer } = await generateText({ model: remembering('u', 'c', options), prompt: QUESTION });
    expect(answer).toBe(ANSWER);
    expect(told[0]!.map((message) => message.role)).toEqual(['user']);
    expect(errors).toHaveLength(2);
  });
});

describe('LangChain.js', () => {
  it('retrieves memories as documents', async () => {
    const userId = await someone();
    const retriever = new MemoryRetriever({ baseUrl: stack.url, userId, limit: 3, minRelevance: 0.5 });
    const documents = await retriever.invoke(QUESTION);
    expect(documents.map((one) => one.pageContent)).toEqual(['I am allergic to peanuts.']);
    expect(documents[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      metadata: { conversation_id: 'before', relevance: expect.any(Number) },
    });
    expect(await retriever.invoke('The weather on Mars')).toEqual([]);
  });

  const historyOf = (userId: string, options = {}): MemoryMessageHistory =>
    new MemoryMessageHistory({ baseUrl: stack.url, userId, conversationId: 'lc', ...options });
  const saidIn = async (history: MemoryMessageHistory): Promise<string[]> =>
    (await history.getMessages()).map((one) => `${one.type}: ${one.text}`);

  it('keeps a conversation’s messages for whoever goes on with it, and remembers them', async () => {
    const userId = await someone();
    const history = historyOf(userId);
    const messages = [new SystemMessage('Be kind.'), new HumanMessage('I moved to Lisbon.')];
    await history.addMessages(messages);
    await history.addMessage(new AIMessage({ content: 'How is it there?', name: 'Tutor' }));
    const said = ['system: Be kind.', 'human: I moved to Lisbon.', 'ai: How is it there?'];
    expect(await saidIn(history)).toEqual(said);
    // As the next request or another process would.
    const next = historyOf(userId);
    expect(await saidIn(next)).toEqual(said);
    expect((await next.getMessages()).at(-1)!.name).toBe('Tutor');
    await next.addMessage(new HumanMessage('Sunny.'));
    expect(await saidIn(history)).toEqual([...said, 'human: Sunny.']);
    expect(await saidIn(historyOf(userId, { limit: 2 }))).toEqual(['ai: How is it there?', 'human: Sunny.']);
    expect(await turnsOf(userId, 'lc')).toEqual([
      'system: Be kind.',
      'user: I moved to Lisbon.',
      'assistant: How is it there?',
      'user: Sunny.',
    ]);
  });

  it('gives back calls of tools, which have no words, as they were given to it', async () => {
    const userId = await someone();
    const history = historyOf(userId);
    const call = new AIMessage({ content: '', tool_calls: [{ id: 't1', name: 'weather', args: {} }] });
    await history.addMessages([new HumanMessage('Will it rain?'), call]);
    expect((await history.getMessages()).at(-1)).toBe(call);
    const answer = new ToolMessage({ content: 'Rain.', tool_call_id: 't1' });
    await history.addMessages([answer, new AIMessage('It will.')]);
    expect((await history.getMessages()).slice(1, 3)).toEqual([call, answer]);
    // Models refuse a tool's answer without the call.
    expect(await saidIn(historyOf(userId))).toEqual(['human: Will it rain?', 'ai: It will.']);
  });

  it('shows nothing of what was said before it was cleared, and remembers it', async () => {
    const userId = await someone();
    const history = historyOf(userId);
    await history.addMessage(new HumanMessage('I moved to Lisbon.'));
    await history.clear();
    expect(await history.getMessages()).toEqual([]);
    await history.addMessage(new HumanMessage('Hello again!'));
    expect(await saidIn(history)).toEqual(['human: Hello again!']);
    expect(await turnsOf(userId, 'lc')).toEqual(['user: I moved to Lisbon.', 'user: Hello again!']);
  });
});

describe('Model Context Protocol', () => {
  interface Served {
    transport: Transport;
    end: () => Promise<void>;
  }
  const overStdio = async (args: string[]): Promise<Served> => ({
    transport: new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, 'mcp', '--url', stack.url, ...args],
    }),
    end: async () => undefined,
  });
  const overHttp = async (args: string[]): Promise<Served> => {
    const program = startCli(['mcp', '--http', '0', '--url', stack.url, ...args]);
    const url = await poll(
      'it listens',
      DEADLINE_MS,
      async () => /MCP at (http:\S+);/.exec(program.output())?.[1],
    );
    return {
      transport: new StreamableHTTPClientTransport(new URL(url!)) as Transport,
      end: async () => {
        program.child.kill('SIGINT');
        expect((await program.ended).code).toBe(0);
      },
    };
  };
  interface Answered {
    text: string;
    isError: boolean;
  }
  const caller =
    (mcp: Client) =>
    async (name: string, args: object): Promise<Answered> => {
      const result = await mcp.callTool({ name, arguments: { ...args } });
      const [content] = result.content as { text: string }[];
      return { text: content!.text, isError: result.isError === true };
    };

  it.each([
    ['standard input and output', overStdio],
    ['HTTP', overHttp],
  ])('searches, remembers, gives context and forgets over %s', async (_, connect) => {
    const userId = await someone();
    const other = `user-${randomUUID()}`;
    await client.store({ user_id: other, history: [{ role: 'user', content: 'I play the cello.' }] });
    const { transport, end } = await connect(['--user', userId]);
    const mcp = new Client({ name: 'test', version: '1' });
    await mcp.connect(transport);
    const call = caller(mcp);
    try {
      const { tools } = await mcp.listTools();
      expect(tools.map((tool) => tool.name).sort()).toEqual(['context', 'forget', 'remember', 'search']);
      // Whose memory it is was said on the command line: nothing that a model is told may name another.
      for (const tool of tools) expect(tool.inputSchema.properties).not.toHaveProperty('user_id');
      expect((await call('search', { query: QUESTION, user_id: other })).text).not.toContain('cello');
      await call('remember', { content: 'My sister Lin lives in Oslo.' });
      const found = JSON.parse((await call('search', { query: 'Where does my sister Lin live?' })).text) as {
        id: string;
        content: string;
      }[];
      expect(found[0]!.content).toBe('My sister Lin lives in Oslo.');
      expect((await call('context', { query: QUESTION })).text).toContain('I am allergic to peanuts.');
      expect((await call('forget', { id: found[0]!.id })).isError).toBe(false);
      expect((await call('search', { query: 'Where does my sister Lin live?' })).text).not.toContain('Oslo');
      expect(await call('forget', { id: found[0]!.id })).toMatchObject({
        isError: true,
        text: expect.stringContaining('404'),
      });
    } finally {
      await mcp.close();
      await end();
    }
  });

  it.each([
    ['standard input and output', overStdio],
    ['HTTP', overHttp],
  ])('without a user each call says whose memory it means, over %s', async (_, connect) => {
    const userId = await someone();
    const { transport, end } = await connect([]);
    const mcp = new Client({ name: 'test', version: '1' });
    await mcp.connect(transport);
    const call = caller(mcp);
    try {
      const { tools } = await mcp.listTools();
      for (const tool of tools) expect(tool.inputSchema.required).toContain('user_id');
      expect((await call('search', { user_id: userId, query: QUESTION })).text).toContain('peanuts');
      expect(await call('context', { user_id: 'nobody', query: QUESTION })).toEqual({
        text: 'Nothing is remembered for this.',
        isError: false,
      });
      expect(await call('search', { query: QUESTION })).toMatchObject({
        isError: true,
        text: expect.stringContaining('user_id'),
      });
    } finally {
      await mcp.close();
      await end();
    }
  });

  it('tells a model when the server is away', async () => {
    const mcp = new Client({ name: 'test', version: '1' });
    const away = `http://127.0.0.1:${await freePort()}`;
    await mcp.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [MAIN, 'mcp', '--user', 'ada', '--url', away],
      }),
    );
    const call = caller(mcp);
    try {
      for (const [tool, args] of [
        ['search', { query: QUESTION }],
        ['context', { query: QUESTION }],
        ['remember', { content: 'x' }],
        ['forget', { id: 'x' }],
      ] as const)
        expect(await call(tool, args)).toEqual({
          text: `the server at ${away} is out of reach`,
          isError: true,
        });
    } finally {
      await mcp.close();
    }
  });

  it('refuses other hosts’ names over HTTP', async () => {
    const server = await serveHttp({ client, userId: 'u', version: '1' }, 0);
    expect((await fetch(server.url)).status).toBe(405);
    expect((await fetch(server.url.replace('/mcp', '/other'), { method: 'POST' })).status).toBe(404);
    server.close();
  });
});
