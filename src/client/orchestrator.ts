import { ShutdownError } from './errors';
import { newId } from './ids';
import { MemoryClient, type ConversationKey } from './memory-client';
import { memoryInjection, type MemoryInjection, type MessageEventInit } from './message-event';
import { Outbox, type QueueOptions, type QueuedMessage } from './outbox';
import {
  policyPatch,
  type IngestionPolicy,
  type IngestionPolicyInit,
  type RetrievalPolicy,
  type RetrievalPolicyInit,
} from './policies';
import { Recent } from './recent';
import { Subscriptions, type InjectionListener, type Subscription } from './subscriptions';
import type { ClientOptions } from './transport';
import type { OrchestratorMessage, StreamedMessage } from './wire';

/** How many conversations are remembered: whose policy is set, and which have news to flush. */
const CONVERSATIONS_KEPT = 10_000;
const DRAIN_DEADLINE_MS = 30_000;
const SHUTDOWN_DEADLINE_MS = 5_000;

export interface OrchestratorOptions extends ClientOptions {
  /** Used instead of one made of the options above. */
  client?: MemoryClient;
  /** Whose conversations these are, where a message's metadata does not say. */
  userId?: string;
  /** Set for each conversation before its first message from here. */
  ingestionPolicy?: IngestionPolicy | IngestionPolicyInit;
  retrievalPolicy?: RetrievalPolicy | RetrievalPolicyInit;
  /** How messages wait while the server is away. */
  queue?: QueueOptions;
  /** Told of what nobody waits for: a listener that fails, a stream that is refused. Default: `console.error`. */
  onError?: (error: unknown) => void;
}

/** What became of one turn. */
export interface StreamedTurn {
  messageId: string;
  injections: MemoryInjection[];
  /** The server is away, or takes what has waited for it: this waits, too, and its injections go to the listeners. */
  queued: boolean;
  /** Its place in the conversation; null while it is queued. */
  seq: number | null;
  /** Whether the server knew it already. */
  duplicate: boolean;
}

export interface ConversationScope {
  conversationId: string;
  userId?: string;
}

/**
 * Streams a chat's turns into memory, and memories back into the chat the moment they matter. Turns of a conversation
 * are sent in the order of the calls; while the server is away they wait, in order, and are sent once it is back.
 */
export class AdaptiveMemoryOrchestrator {
  private readonly client: MemoryClient;
  private readonly outbox: Outbox;
  private readonly subscriptions: Subscriptions;
  private readonly policySet = new Recent<true>(CONVERSATIONS_KEPT);
  private readonly unflushed = new Recent<ConversationKey>(CONVERSATIONS_KEPT);
  private ended: Promise<{ unsent: OrchestratorMessage[] }> | null = null;

  constructor(private readonly options: OrchestratorOptions = {}) {
    this.client = options.client ?? new MemoryClient(options);
    const onError = options.onError ?? ((error: unknown) => console.error('agentic-memories:', error));
    this.subscriptions = new Subscriptions(this.client, onError);
    this.outbox = new Outbox({
      ...options.queue,
      send: (message, signal) => this.send(message, signal),
      onSent: (message, answer) => this.deliver(message, answer),
      onRefused: (_message, error) => onError(error),
      onLockedOut: onError,
    });
  }

  /**
   * Streams one turn. Listeners are done with its injections when this resolves, unless it is queued.
   * @throws ApiError when the server refuses it; QueueFullError; ShutdownError
   */
  async streamMessage(event: MessageEventInit, options: { flush?: boolean } = {}): Promise<StreamedTurn> {
    this.assertOpen();
    const message = this.wireMessage(event, options.flush ?? false);
    this.subscriptions.learn(userOf(message), message.conversation_id);
    const { queued, answer } = await this.outbox.put(message);
    return {
      messageId: message.message_id,
      injections: (answer?.injections ?? []).map(memoryInjection),
      queued,
      seq: answer?.seq ?? null,
      duplicate: answer?.duplicate ?? false,
    };
  }

  /**
   * Hears what is injected: into one conversation, by whomever, or into all that this orchestrator streams. Each once.
   */
  subscribeInjections(listener: InjectionListener, scope: Partial<ConversationScope> = {}): Subscription {
    this.assertOpen();
    const userId = scope.userId ?? (scope.conversationId === undefined ? undefined : this.options.userId);
    return this.subscriptions.add(listener, { conversationId: scope.conversationId, userId });
  }

  /**
   * Waits for what is being sent, and indexes what is pending: of one conversation, or of all that this orchestrator has streamed since the last flush.
   * @returns whether everything is indexed; false when the server goes on with it
   */
  async flush(scope?: ConversationScope): Promise<boolean> {
    this.assertOpen();
    await this.outbox.drained(DRAIN_DEADLINE_MS);
    const keys = scope
      ? [{ user_id: this.userIn(scope), conversation_id: scope.conversationId }]
      : this.unflushed.all();
    let isDone = true;
    for (const key of keys) {
      this.unflushed.delete(conversationKey(key.user_id, key.conversation_id));
      const { flushed } = await this.client.flush(key);
      isDone &&= flushed;
    }
    return isDone;
  }

  /** The memories nearest to a query, without a turn. `limit` 1..50, default 6. */
  async fetchMemories(
    request: ConversationScope & { query: string; limit?: number; offset?: number },
  ): Promise<MemoryInjection[]> {
    this.assertOpen();
    const { conversationId, query, limit, offset } = request;
    const { injections } = await this.client.topInjections({
      conversation_id: conversationId,
      query,
      metadata: { user_id: this.userIn(request) },
      ...(limit === undefined ? {} : { limit }),
      ...(offset === undefined ? {} : { offset }),
    });
    return injections.map(memoryInjection);
  }

  /** How many messages have not reached the server yet. */
  get waiting(): number {
    return this.outbox.waiting;
  }

  /**
   * Waits for what is being sent, at most five seconds, and lets go of everything; every other call throws from now on.
   * @returns what could not be sent; with a queue store it is sent after the next start
   */
  shutdown(): Promise<{ unsent: OrchestratorMessage[] }> {
    this.ended ??= this.outbox.close(SHUTDOWN_DEADLINE_MS).then((unsent) => {
      this.subscriptions.close();
      return { unsent };
    });
    return this.ended;
  }

  private async send(message: QueuedMessage['message'], signal: AbortSignal): Promise<StreamedMessage> {
    await this.ensurePolicy(message, signal);
    return this.client.streamMessage(message, { signal, maxRetries: 0 });
  }

  private async deliver(message: QueuedMessage['message'], answer: StreamedMessage): Promise<void> {
    const userId = userOf(message);
    const { conversation_id: conversationId } = message;
    this.unflushed.set(conversationKey(userId, conversationId), {
      user_id: userId,
      conversation_id: conversationId,
    });
    await Promise.all(
      answer.injections.map((one) => this.subscriptions.deliver(userId, conversationId, answer.seq, one)),
    );
  }

  private async ensurePolicy(message: OrchestratorMessage, signal: AbortSignal): Promise<void> {
    const patch = policyPatch(this.options.ingestionPolicy, this.options.retrievalPolicy);
    if (patch === null) return;
    const key = { user_id: userOf(message), conversation_id: message.conversation_id };
    const place = conversationKey(key.user_id, key.conversation_id);
    if (!this.policySet.get(place)) {
      await this.client.setPolicy(key, patch, { signal, maxRetries: 0 });
      this.policySet.set(place, true);
    }
  }

  private wireMessage(event: MessageEventInit, flush: boolean): QueuedMessage['message'] {
    const { conversationId, role, content, messageId, metadata, timestamp, name } = event;
    const userId = metadata?.['user_id'] ?? this.options.userId;
    const saidAt = timestamp instanceof Date ? timestamp.toISOString() : timestamp;
    // A message that will wait keeps its time; one that the caller named may have been sent before without it.
    const now = messageId === undefined && this.outbox.isAway ? new Date().toISOString() : undefined;
    return {
      conversation_id: conversationId,
      role,
      content,
      message_id: messageId ?? newId(),
      ...(metadata || userId ? { metadata: { ...metadata, ...(userId ? { user_id: userId } : {}) } } : {}),
      ...((saidAt ?? now) ? { timestamp: saidAt ?? now } : {}),
      ...(name === undefined ? {} : { name }),
      ...(flush ? { flush } : {}),
    } as QueuedMessage['message'];
  }

  private userIn({ userId, conversationId }: ConversationScope): string {
    const known = this.unflushed.all().find((one) => one.conversation_id === conversationId);
    return userId ?? this.options.userId ?? known?.user_id ?? conversationId;
  }

  private assertOpen(): void {
    if (this.ended) throw new ShutdownError('this orchestrator was shut down');
  }
}

function conversationKey(userId: string, conversationId: string): string {
  return JSON.stringify([userId, conversationId]);
}

/** As the API has it: the conversation stands for a user who is not named. */
function userOf({ metadata, conversation_id: conversationId }: OrchestratorMessage): string {
  return metadata?.['user_id'] ?? conversationId;
}
