import { newId } from './ids';
import { ImportsClient } from './imports-client';
import { injectionEvents, type InjectionEvent, type StreamOptions } from './injection-events';
import { MemoriesClient } from './memories-client';
import { Transport, type CallOptions, type ClientOptions } from './transport';
import { UsersClient } from './users-client';
import type {
  Appended,
  Context,
  ContextRequest,
  Conversation,
  Flushed,
  HistoryMessage,
  Injection,
  Narrative,
  NarrativeRequest,
  NewMessage,
  OrchestratorMessage,
  OrchestratorRetrieve,
  Policy,
  PolicyPatch,
  RecallRequest,
  Recalled,
  Retried,
  RetrieveQuery,
  Retrieved,
  Stored,
  StoreRequest,
  StreamedMessage,
  StreamedTranscript,
  TranscriptBody,
  Turns,
  TurnsPage,
  WorkflowLink,
} from './wire';

/** A conversation: it belongs to one user. */
export interface ConversationKey {
  user_id: string;
  conversation_id: string;
}

/**
 * The API, call by call, in its own words. Calls are tried again while the server is away, busy or not well; that is
 * safe, because every message is sent with an id. They throw MemoryError, or the reason of an aborted `signal`.
 */
export class MemoryClient {
  readonly imports: ImportsClient;
  readonly memories: MemoriesClient;
  readonly users: UsersClient;
  private readonly transport: Transport;

  constructor(options: ClientOptions = {}) {
    this.transport = new Transport(options);
    this.imports = new ImportsClient(this.transport);
    this.memories = new MemoriesClient(this.transport);
    this.users = new UsersClient(this.transport);
  }

  /** Stores turns and waits until they are indexed; after the server's patience, `status` is `pending`. */
  store(request: StoreRequest, options?: CallOptions): Promise<Stored> {
    return this.post('/v1/store', { ...request, history: withIds(request.history) }, options);
  }

  /** A user's memories: with a query by score, without one by time. */
  retrieve(query: RetrieveQuery, options?: CallOptions): Promise<Retrieved> {
    return this.transport.json({ method: 'GET', path: '/v1/retrieve', query: { ...query } }, options);
  }

  /** Memories seen through a persona, with summaries, narrative and explanation as asked for. */
  recall(request: RecallRequest, options?: CallOptions): Promise<Recalled> {
    return this.post('/v1/retrieve', request, options);
  }

  /** A block of what matters for a query, ready for a prompt and never above its budget of tokens. */
  context(request: ContextRequest, options?: CallOptions): Promise<Context> {
    return this.post('/v1/context', request, options);
  }

  /** What happened, told from summaries, each statement with its sources. */
  narrative(request: NarrativeRequest, options?: CallOptions): Promise<Narrative> {
    return this.post('/v1/narrative', request, options);
  }

  /** Appends turns to a conversation without waiting for anything but their being stored. */
  messages(
    request: ConversationKey & { messages: NewMessage[]; flush?: boolean | null },
    options?: CallOptions,
  ): Promise<Appended> {
    const { conversation_id: conversationId, messages, ...rest } = request;
    const body = { ...rest, messages: withIds(messages) };
    return this.post(`${conversationPath(conversationId)}/messages`, body, options);
  }

  /** What was said in a conversation, in order: the latest page, or the one before `before_seq`. */
  turns(request: ConversationKey & TurnsPage, options?: CallOptions): Promise<Turns> {
    const { conversation_id: conversationId, ...query } = request;
    const path = `${conversationPath(conversationId)}/messages`;
    return this.transport.json({ method: 'GET', path, query: { ...query } }, options);
  }

  /** Indexes what is pending in a conversation, and waits for it. */
  flush(key: ConversationKey, options?: CallOptions): Promise<Flushed> {
    return this.onConversation('POST', key, '/flush', undefined, options);
  }

  /** How far a conversation is indexed. */
  conversation(key: ConversationKey, options?: CallOptions): Promise<Conversation> {
    return this.onConversation('GET', key, '', undefined, options);
  }

  /** Changes a part of a conversation's policy; may come before its first message. */
  setPolicy(key: ConversationKey, patch: PolicyPatch, options?: CallOptions): Promise<Policy & WorkflowLink> {
    return this.onConversation('PUT', key, '/policy', patch, options);
  }

  /** Runs a conversation's failed ranges again. */
  retry(key: ConversationKey, options?: CallOptions): Promise<Retried> {
    return this.onConversation('POST', key, '/retry', undefined, options);
  }

  /**
   * What is injected into a conversation, as it happens, each once and in order, from now on or behind `lastEventId`;
   * across lost connections and restarted servers. Ends when `signal` is aborted.
   */
  injections(key: ConversationKey, options?: StreamOptions): AsyncGenerator<InjectionEvent, void> {
    const path = `${conversationPath(key.conversation_id)}/injections`;
    return injectionEvents(this.transport, { path, query: { user_id: key.user_id } }, options);
  }

  /** Streams one turn; the answer has the memories it brings up. */
  streamMessage(request: OrchestratorMessage, options?: CallOptions): Promise<StreamedMessage> {
    const body = { ...request, message_id: request.message_id ?? newId() };
    return this.post('/v1/orchestrator/message', body, options);
  }

  /** Replays a transcript turn by turn; the answer has every injection, in order. */
  streamTranscript(request: TranscriptBody, options?: CallOptions): Promise<StreamedTranscript> {
    return this.post(
      '/v1/orchestrator/transcript',
      { ...request, history: withIds(request.history) },
      options,
    );
  }

  /** The memories nearest to a query, without a turn and without the rules of injection. */
  topInjections(request: OrchestratorRetrieve, options?: CallOptions): Promise<{ injections: Injection[] }> {
    return this.post('/v1/orchestrator/retrieve', request, options);
  }

  /** Whether the server is there. */
  health(options?: CallOptions): Promise<{ status: 'ok'; time: string }> {
    return this.transport.json({ method: 'GET', path: '/health' }, options);
  }

  private post<T>(path: string, body: unknown, options?: CallOptions): Promise<T> {
    return this.transport.json({ method: 'POST', path, body }, options);
  }

  private onConversation<T>(
    method: string,
    key: ConversationKey,
    below: string,
    body: unknown,
    options?: CallOptions,
  ): Promise<T> {
    const path = conversationPath(key.conversation_id) + below;
    return this.transport.json({ method, path, query: { user_id: key.user_id }, body }, options);
  }
}

function conversationPath(conversationId: string): string {
  return `/v1/conversations/${encodeURIComponent(conversationId)}`;
}

function withIds<T extends HistoryMessage>(messages: readonly T[]): T[] {
  return messages.map((message) => ({ ...message, message_id: message.message_id ?? newId() }));
}
