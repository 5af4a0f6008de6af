import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import type { MemoryClient } from '../client';

const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 50;
/** A model that is told nothing at all takes it for an error. */
const NOTHING = 'Nothing is remembered for this.';

export interface McpOptions {
  client: MemoryClient;
  /** Whose memory: tools then take no user, so that no prompt can make them read another's. */
  userId?: string | undefined;
  version: string;
}

interface ToolResult {
  [key: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError?: boolean;
}

/** Memory as tools of the Model Context Protocol: search, remember, context, forget. */
export function createMcpServer({ client, userId, version }: McpOptions): McpServer {
  const server = new McpServer({ name: 'agentic-memories', version });
  const whose: { user_id?: z.ZodString } =
    userId === undefined ? { user_id: z.string().min(1).describe('Whose memory') } : {};
  const of = (named: string | undefined): string => userId ?? named!;

  server.registerTool(
    'search',
    {
      title: 'Search memories',
      description: 'Finds what is remembered of a user, the best first, with ids and relevance (0..1).',
      inputSchema: {
        ...whose,
        query: z.string().min(1).describe('A question or words'),
        limit: z.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
      },
      annotations: { readOnlyHint: true },
    },
    ({ user_id, query, limit }) =>
      answered(async () => {
        const { results } = await client.retrieve({ user_id: of(user_id), query, limit });
        return results.map(({ id, content, relevance, created_at: said }) => ({
          id,
          content,
          relevance,
          said,
        }));
      }),
  );
  server.registerTool(
    'remember',
    {
      title: 'Remember',
      description: 'Keeps something that a user said or that is true of them.',
      inputSchema: { ...whose, content: z.string().min(1).describe('One statement, in full words') },
    },
    ({ user_id, content }) =>
      answered(async () => {
        const history = [{ role: 'user' as const, content }];
        const { ids, status } = await client.store({ user_id: of(user_id), history });
        // Stored, and found by its id in a moment.
        return { remembered: content, ids, ...(status === undefined ? {} : { status }) };
      }),
  );
  server.registerTool(
    'context',
    {
      title: 'Context for an answer',
      description: 'A block of what matters for a question, within a budget of tokens.',
      inputSchema: {
        ...whose,
        query: z.string().min(1).describe('What is to be answered'),
        max_tokens: z.number().int().min(1).optional(),
      },
      annotations: { readOnlyHint: true },
    },
    ({ user_id, query, max_tokens }) =>
      answered(async () => {
        const budget = max_tokens === undefined ? {} : { max_tokens };
        const { context } = await client.context({ user_id: of(user_id), query, ...budget });
        return context === '' ? NOTHING : context;
      }),
  );
  server.registerTool(
    'forget',
    {
      title: 'Forget a memory',
      description: 'Deletes one memory by its id, as search gives it. It cannot be undone.',
      inputSchema: { ...whose, id: z.string().min(1) },
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    ({ user_id, id }) => answered(() => client.memories.delete(of(user_id), id)),
  );
  return server;
}

/** What a model is told: the answer, or in words what went wrong. */
async function answered(work: () => Promise<unknown>): Promise<ToolResult> {
  try {
    const value = await work();
    return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { content: [{ type: 'text', text: message }], isError: true };
  }
}
