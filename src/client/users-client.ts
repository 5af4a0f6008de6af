import { jsonLines } from './text-lines';
import type { CallOptions, Transport } from './transport';
import type { ConversationList, Erasure, ExportLine, PersonaState, SummaryList } from './wire';

/** Everything of one user. */
export class UsersClient {
  constructor(private readonly transport: Transport) {}

  /** The newest first; `cursor` is the `next_cursor` of the page before. */
  conversations(
    userId: string,
    page: { limit?: number; cursor?: string } = {},
    options?: CallOptions,
  ): Promise<ConversationList> {
    return this.get(userId, '/conversations', page, options);
  }

  /** Episodes and arcs as they stand. */
  summaries(
    userId: string,
    filter: { tier?: 'episodic' | 'arc'; persona?: string; limit?: number } = {},
    options?: CallOptions,
  ): Promise<SummaryList> {
    return this.get(userId, '/summaries', filter, options);
  }

  /** Who the user is taken to be, and how it came about. */
  persona(userId: string, options?: CallOptions): Promise<PersonaState> {
    return this.get(userId, '/persona', {}, options);
  }

  /** All of a user's data, a record at a time. */
  async *export(userId: string, options?: CallOptions): AsyncGenerator<ExportLine, void> {
    const call = { method: 'GET', path: `${userPath(userId)}/export` };
    yield* jsonLines(await this.transport.open(call, options));
  }

  /** Erases everything everywhere; from the answer on, nothing of the user is found. */
  erase(userId: string, options?: CallOptions): Promise<Erasure> {
    return this.transport.json({ method: 'DELETE', path: userPath(userId) }, options);
  }

  private get<T>(
    userId: string,
    below: string,
    query: Record<string, string | number | undefined>,
    options?: CallOptions,
  ): Promise<T> {
    return this.transport.json({ method: 'GET', path: userPath(userId) + below, query }, options);
  }
}

function userPath(userId: string): string {
  return `/v1/users/${encodeURIComponent(userId)}`;
}
