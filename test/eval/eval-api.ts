import { setTimeout as sleep } from 'node:timers/promises';

const IMPORT_DEADLINE_MS = 600_000;
const POLL_MS = 250;
/** A busy machine may say "try again in a moment". */
const BUSY_TRIES = 20;
const BUSY_WAIT_MS = 1_000;

/** A message as POST /v1/imports takes it. */
export interface ImportLine {
  user_id: string;
  conversation_id: string;
  message_id: string;
  role: 'user' | 'assistant';
  name?: string;
  content: string;
  timestamp: string;
}

export interface WireHealth {
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
}

export interface WireTurn {
  message_id: string;
  content: string;
  score: number;
}

export interface WireMemory {
  relevance: number;
  content: string;
  matches: WireTurn[];
}

/** The product as the evaluation sees it: over HTTP alone. */
export class EvalApi {
  constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  /** What answers at the URL: the health page, and which paths there are. @throws Error that says how to start one */
  async describe(): Promise<{ health: WireHealth; paths: string[] }> {
    try {
      const health = await this.call<WireHealth>('/health/full');
      const { paths } = await this.call<{ paths: Record<string, unknown> }>('/openapi.json');
      return { health, paths: Object.keys(paths) };
    } catch (cause) {
      throw new Error(
        `no API answers at ${this.url}: start one with \`npm start\` in another terminal, or give --url`,
        { cause },
      );
    }
  }

  /** Stores messages and waits until all of them are indexed. */
  async importAll(lines: readonly ImportLine[]): Promise<void> {
    const response = await fetch(`${this.url}/v1/imports`, {
      method: 'POST',
      headers: { ...this.headers(), 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    const { status_url: statusUrl } = await answerOf<{ status_url: string }>('/v1/imports', response);
    const deadline = Date.now() + IMPORT_DEADLINE_MS;
    for (;;) {
      const { status, totals } = await this.call<{ status: string; totals: Record<string, number> }>(
        statusUrl,
      );
      if (status === 'completed') return;
      if (status !== 'receiving' && status !== 'running')
        throw new Error(`the import is ${status}: ${JSON.stringify(totals)}`);
      if (Date.now() > deadline) throw new Error(`the import is not done in time: ${JSON.stringify(totals)}`);
      await sleep(POLL_MS);
    }
  }

  async retrieve(userId: string, query: string, limit: number): Promise<WireMemory[]> {
    const body = { user_id: userId, query, limit };
    const answer = await this.call<{ results: { memories: WireMemory[] } }>('/v1/retrieve', body);
    return answer.results.memories;
  }

  /** The scores of the best memories, without any policy. */
  async scores(userId: string, query: string, limit: number): Promise<number[]> {
    const body = { conversation_id: 'evaluation', query, metadata: { user_id: userId }, limit };
    const answer = await this.call<{ injections: { score: number }[] }>('/v1/orchestrator/retrieve', body);
    return answer.injections.map((injection) => injection.score);
  }

  /** The messages that a context block of so many tokens is made of. */
  async contextSources(userId: string, query: string, maxTokens: number): Promise<string[]> {
    const body = { user_id: userId, query, max_tokens: maxTokens };
    const answer = await this.call<{ sources: { message_ids: string[] }[] }>('/v1/context', body);
    return answer.sources.flatMap((source) => source.message_ids);
  }

  private async call<Answer>(path: string, body?: unknown): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(`${this.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...this.headers(), 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const busy = response.status === 503 || response.status === 429;
      if (!busy || attempt === BUSY_TRIES) return answerOf<Answer>(path, response);
      await response.arrayBuffer();
      await sleep(BUSY_WAIT_MS);
    }
  }

  private headers(): Record<string, string> {
    return this.key ? { authorization: `Bearer ${this.key}` } : {};
  }
}

async function answerOf<Answer>(path: string, response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}
