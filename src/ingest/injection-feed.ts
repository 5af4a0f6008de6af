import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { ensureError } from '../domain/errors';
import { behindMessage, type InjectionEvent, type InjectionEventId } from '../domain/injection-event';
import type { ConversationRef } from '../domain/message';
import { progressKey } from '../record/batches';
import { conversationState } from '../record/conversations';
import { INJECTIONS_A_READ, injectionsBehind } from '../record/injection-events';
import { INJECTIONS_CHANNEL } from '../record/injections';
import type { NotificationListener } from '../record/notifications';

/** How many conversations one statement looks at. */
const CONVERSATIONS_A_READ = 500;
/** Behind the notifications: how often every conversation is looked at all the same. */
const LOOK_INTERVAL_MS = 15_000;
const RETRY_DELAY_MS = 500;

/** Takes what was injected into one conversation, in order. @returns false to be given no more until `resume` */
export type InjectionReader = (events: readonly InjectionEvent[]) => boolean;

export interface InjectionSubscription {
  /** Where it began: everything behind it is delivered. */
  readonly from: InjectionEventId;
  /** Goes on after the reader has had enough. */
  resume(): void;
  close(): void;
}

interface Subscriber {
  ref: ConversationRef;
  position: InjectionEventId;
  read: InjectionReader;
  paused: boolean;
  closed: boolean;
}

/**
 * Delivers injections to whoever follows a conversation in this process, each once and in the order of commits. Idle
 * followers cost a map entry: Postgres tells which conversations have news, and one statement reads for all of them.
 */
export class InjectionFeed {
  private readonly byKey = new Map<string, Set<Subscriber>>();
  private readonly stale = new Set<Subscriber>();
  private readonly looking: NodeJS.Timeout;
  private reading = false;
  private closed = false;

  constructor(
    private readonly pool: Pool,
    listener: NotificationListener,
    private readonly onError: (error: Error) => void,
  ) {
    listener.on(INJECTIONS_CHANNEL, {
      notified: (key) => this.look(this.byKey.get(key) ?? []),
      connected: () => this.lookEverywhere(),
    });
    this.looking = setInterval(() => this.lookEverywhere(), LOOK_INTERVAL_MS).unref();
  }

  /**
   * Follows a conversation from behind `after` on; null: from now on.
   * @throws UnavailableError('postgres')
   */
  async follow(
    ref: ConversationRef,
    after: InjectionEventId | null,
    read: InjectionReader,
  ): Promise<InjectionSubscription> {
    const state = await conversationState(this.pool, ref);
    const now = behindMessage(state?.appendedThrough ?? 0);
    // A position that is not there yet is one of a conversation that was erased and has begun again.
    const from = after === null ? now : after > now ? 0 : after;
    const subscriber: Subscriber = { ref, position: from, read, paused: false, closed: false };
    const key = progressKey(ref);
    const others = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, others.add(subscriber));
    // What came between the look at the conversation and the entry in the map was told to nobody here.
    this.look([subscriber]);
    return {
      from,
      resume: () => {
        subscriber.paused = false;
        if (!subscriber.closed) this.look([subscriber]);
      },
      close: () => {
        subscriber.closed = true;
        others.delete(subscriber);
        this.stale.delete(subscriber);
        if (others.size === 0 && this.byKey.get(key) === others) this.byKey.delete(key);
      },
    };
  }

  close(): void {
    this.closed = true;
    clearInterval(this.looking);
    this.byKey.clear();
    this.stale.clear();
  }

  private lookEverywhere(): void {
    for (const subscribers of this.byKey.values()) this.look(subscribers);
  }

  private look(subscribers: Iterable<Subscriber>): void {
    for (const subscriber of subscribers) if (!subscriber.paused) this.stale.add(subscriber);
    if (this.stale.size > 0 && !this.reading) void this.readStale();
  }

  private async readStale(): Promise<void> {
    this.reading = true;
    try {
      while (this.stale.size > 0 && !this.closed) {
        const batch = [...this.stale].slice(0, CONVERSATIONS_A_READ);
        // Taken out before the read: what is told during it counts as news again.
        for (const subscriber of batch) this.stale.delete(subscriber);
        try {
          await this.readFor(batch);
        } catch (error) {
          this.onError(ensureError(error));
          for (const subscriber of batch) if (!subscriber.closed) this.stale.add(subscriber);
          await sleep(RETRY_DELAY_MS, undefined, { ref: false });
        }
      }
    } finally {
      this.reading = false;
    }
  }

  private async readFor(batch: readonly Subscriber[]): Promise<void> {
    const positions = batch.map(({ ref, position }) => ({ ref, after: position }));
    const found = await injectionsBehind(this.pool, positions);
    for (const [place, subscriber] of batch.entries()) {
      const events = found[place]!;
      const last = events.at(-1);
      if (!last || subscriber.closed) continue;
      subscriber.position = last.id;
      if (!subscriber.read(events)) {
        subscriber.paused = true;
        // It may have become stale again during the read.
        this.stale.delete(subscriber);
      } else if (events.length === INJECTIONS_A_READ) this.stale.add(subscriber);
    }
  }
}
