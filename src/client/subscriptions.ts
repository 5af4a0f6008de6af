import { memoryInjection, type MemoryInjection } from './message-event';
import { Recent } from './recent';
import type { MemoryClient } from './memory-client';
import type { Injection } from './wire';

/** How many deliveries are remembered, so that what comes by two ways or twice is delivered once. */
const DELIVERIES_KEPT = 20_000;
const IDS_A_MESSAGE = 1_000;

export type InjectionListener = (injection: MemoryInjection) => void | Promise<void>;

/** Ends with `close`, as often as it is called. */
export interface Subscription {
  close(): void;
}

interface Subscriber {
  listener: InjectionListener;
  conversationId: string | undefined;
  userId: string | undefined;
}

interface Follower {
  stop: AbortController;
  subscribers: Set<Subscriber>;
}

/**
 * Who listens to which conversations. What a message of ours is answered with is delivered at once; what others put into
 * a conversation that somebody here listens to comes by its stream.
 */
export class Subscriptions {
  private readonly subscribers = new Set<Subscriber>();
  private readonly followers = new Map<string, Follower>();
  private readonly delivered = new Recent<Promise<void>>(DELIVERIES_KEPT);

  constructor(
    private readonly client: MemoryClient,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(
    listener: InjectionListener,
    scope: { conversationId?: string | undefined; userId?: string | undefined },
  ): Subscription {
    const subscriber: Subscriber = { listener, conversationId: scope.conversationId, userId: scope.userId };
    this.subscribers.add(subscriber);
    this.follow(subscriber);
    return { close: () => this.remove(subscriber) };
  }

  /** Tells whose a conversation is, which a subscription to it may not have known. */
  learn(userId: string, conversationId: string): void {
    for (const subscriber of this.subscribers) {
      if (subscriber.conversationId !== conversationId || subscriber.userId !== undefined) continue;
      subscriber.userId = userId;
      this.follow(subscriber);
    }
  }

  /** Delivers what was injected into a message, once; resolves when the listeners are done with it. */
  async deliver(userId: string, conversationId: string, seq: number, injection: Injection): Promise<void> {
    const key = JSON.stringify([userId, conversationId, seq, injection.memory_id]);
    const before = this.delivered.get(key);
    if (before) return before;
    const listeners = [...this.subscribers].filter(
      (one) => (one.conversationId ?? conversationId) === conversationId && (one.userId ?? userId) === userId,
    );
    const calls = listeners.map(async ({ listener }) => {
      try {
        await listener(memoryInjection(injection));
      } catch (error) {
        this.onError(error);
      }
    });
    return this.delivered.set(
      key,
      Promise.all(calls).then(() => undefined),
    );
  }

  close(): void {
    for (const subscriber of [...this.subscribers]) this.remove(subscriber);
  }

  private remove(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
    const key = JSON.stringify([subscriber.userId, subscriber.conversationId]);
    const follower = this.followers.get(key);
    if (!follower?.subscribers.delete(subscriber) || follower.subscribers.size > 0) return;
    this.followers.delete(key);
    follower.stop.abort();
  }

  private follow(subscriber: Subscriber): void {
    const { userId, conversationId } = subscriber;
    if (userId === undefined || conversationId === undefined) return;
    const key = JSON.stringify([userId, conversationId]);
    const known = this.followers.get(key);
    if (known) return void known.subscribers.add(subscriber);
    const follower = { stop: new AbortController(), subscribers: new Set([subscriber]) };
    this.followers.set(key, follower);
    this.read(userId, conversationId, follower.stop.signal).catch(this.onError);
  }

  private async read(userId: string, conversationId: string, signal: AbortSignal): Promise<void> {
    const key = { user_id: userId, conversation_id: conversationId };
    for await (const { id, injection } of this.client.injections(key, { signal }))
      void this.deliver(userId, conversationId, Math.floor(id / IDS_A_MESSAGE), injection);
  }
}
