import { AuthenticationError, QueueFullError, ShutdownError, isTemporary } from './errors';
import { newId } from './ids';
import { backoffMs, pause } from './transport';
import type { OrchestratorMessage, StreamedMessage } from './wire';

const DEFAULT_MAX_MESSAGES = 1_000;
/**
 * So long a caller waits for a server that is just being restarted, or for what has waited for it before, until it is
 * told that its message is queued.
 */
const PATIENCE_MS = 2_000;
const DRAIN_POLL_MS = 20;

/** A message on its way to the server. */
export interface QueuedMessage {
  key: string;
  message: OrchestratorMessage & { message_id: string };
}

/** Keeps queued messages across restarts; `agentic-memories/client/file-queue` has one for Node. */
export interface QueueStore {
  /** What was added and not removed, in order. */
  load(): Promise<QueuedMessage[]>;
  add(message: QueuedMessage): Promise<void>;
  remove(key: string): Promise<void>;
  close?(): Promise<void>;
}

export interface QueueOptions {
  /** How many messages may wait here; default 1,000. */
  maxMessages?: number;
  store?: QueueStore;
}

export interface OutboxOptions extends QueueOptions {
  send: (message: QueuedMessage['message'], signal: AbortSignal) => Promise<StreamedMessage>;
  /** Told of each message that was sent, before whoever waits for it. */
  onSent: (message: QueuedMessage['message'], answer: StreamedMessage) => Promise<void>;
  /** Told of a message that is given up while nobody waits for it: the server refuses it. */
  onRefused: (message: QueuedMessage['message'], error: unknown) => void;
  /** Told, once a conversation, that the server does not take our key: what nobody waits for goes on waiting here. */
  onLockedOut: (error: AuthenticationError) => void;
}

/** The answer, or that the message waits here for the server to come back. */
export type Delivery = { queued: false; answer: StreamedMessage } | { queued: true; answer: null };

interface Entry extends QueuedMessage {
  since: number;
  persisted: Promise<void>;
  resolve?: ((delivery: Delivery) => void) | undefined;
  reject?: ((error: unknown) => void) | undefined;
}

interface Away {
  /** Only one lane asks whether the server is back. */
  prober: string;
  back: Promise<void>;
  end: () => void;
}

/**
 * Sends messages in the order they were given, conversation by conversation, each until the server has it. While the
 * server is away they wait here, bounded. Message ids make sending again harmless.
 */
export class Outbox {
  private readonly lanes = new Map<string, Entry[]>();
  private readonly stopping = new AbortController();
  private readonly loaded: Promise<void>;
  private count = 0;
  private away: Away | null = null;

  constructor(private readonly options: OutboxOptions) {
    this.loaded = this.load();
    // Whoever puts a message is told.
    this.loaded.catch(() => undefined);
  }

  /** @throws QueueFullError; ShutdownError; ApiError when the server refuses the message for good */
  async put(message: QueuedMessage['message']): Promise<Delivery> {
    const { maxMessages = DEFAULT_MAX_MESSAGES, store } = this.options;
    if (this.count >= maxMessages)
      throw new QueueFullError(`${this.count} messages wait for the server already; this one was not taken`);
    const queued: QueuedMessage = { key: newId(), message };
    const persisted = this.loaded.then(() => store?.add(queued));
    const entry: Entry = { ...queued, since: Date.now(), persisted };
    const delivery = new Promise<Delivery>((resolve, reject) => Object.assign(entry, { resolve, reject }));
    this.enter(entry);
    await persisted.catch(() => undefined);
    if (this.away) tellQueued(entry);
    const impatience = setTimeout(() => this.tellIfBehind(entry), PATIENCE_MS);
    return delivery.finally(() => clearTimeout(impatience));
  }

  /** Whether the server was out of reach when it was last asked. */
  get isAway(): boolean {
    return this.away !== null;
  }

  /** How many messages are on their way. */
  get waiting(): number {
    return this.count;
  }

  /** Waits until everything is sent, at most `deadlineMs`; not for a server that is away. */
  async drained(deadlineMs: number): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    await this.loaded.catch(() => undefined);
    while (this.count > 0 && !this.away && Date.now() < deadline) await pause(DRAIN_POLL_MS);
  }

  /** Waits until nothing is left, at most `deadlineMs`, and stops. @returns what could not be sent */
  async close(deadlineMs: number): Promise<QueuedMessage['message'][]> {
    await this.drained(deadlineMs);
    this.stopping.abort();
    const unsent = [...this.lanes.values()].flat();
    for (const entry of unsent)
      entry.reject?.(new ShutdownError('shut down before the message could be sent'));
    await this.options.store?.close?.();
    return unsent.map((entry) => entry.message);
  }

  private async load(): Promise<void> {
    const kept = (await this.options.store?.load()) ?? [];
    // They were given before everything that came while they were read.
    for (const queued of kept.reverse())
      this.enter({ ...queued, since: 0, persisted: Promise.resolve() }, true);
  }

  private enter(entry: Entry, first = false): void {
    this.count += 1;
    const key = laneOf(entry.message);
    const lane = this.lanes.get(key);
    if (lane) return void (first ? lane.unshift(entry) : lane.push(entry));
    this.lanes.set(key, [entry]);
    void this.run(key);
  }

  private async run(key: string): Promise<void> {
    const lane = this.lanes.get(key)!;
    const { signal } = this.stopping;
    await this.loaded.catch(() => undefined);
    let isLockedOut = false;
    for (let failures = 0; lane.length > 0 && !signal.aborted;) {
      if (this.away && this.away.prober !== key) await this.away.back;
      if (signal.aborted) return;
      const entry = lane[0]!;
      try {
        await entry.persisted;
        const answer = await this.options.send(entry.message, signal);
        this.serverIsBack();
        failures = 0;
        isLockedOut = false;
        await this.leave(lane, entry);
        await this.options.onSent(entry.message, answer);
        entry.resolve?.({ queued: false, answer });
      } catch (error) {
        if (signal.aborted) return;
        if (isTemporary(error)) {
          this.serverIsAway(key);
          await pause(backoffMs(failures++), signal).catch(() => undefined);
          continue;
        }
        this.serverIsBack();
        // It says nothing of the message: with another key it will be taken.
        if (error instanceof AuthenticationError && !entry.reject) {
          if (!isLockedOut) this.options.onLockedOut(error);
          isLockedOut = true;
          await pause(backoffMs(failures++), signal).catch(() => undefined);
          continue;
        }
        if (entry.reject) entry.reject(error);
        else this.options.onRefused(entry.message, error);
        // Where it stays in the store it is refused again after the next start.
        const stays = (reason: unknown): void => this.options.onRefused(entry.message, reason);
        if (lane[0] === entry) await this.leave(lane, entry).catch(stays);
      }
    }
    this.lanes.delete(key);
  }

  /** A server that is back takes what has waited first: a chat does not stand still meanwhile. */
  private tellIfBehind(entry: Entry): void {
    const [first] = this.lanes.get(laneOf(entry.message)) ?? [];
    if (first !== undefined && first !== entry && first.resolve === undefined) tellQueued(entry);
  }

  private async leave(lane: Entry[], entry: Entry): Promise<void> {
    lane.shift();
    this.count -= 1;
    await this.options.store?.remove(entry.key);
  }

  private serverIsAway(prober: string): void {
    if (!this.away) {
      let end = (): void => undefined;
      const back = new Promise<void>((resolve) => (end = resolve));
      this.away = { prober, back, end };
      this.stopping.signal.addEventListener('abort', end, { once: true });
    }
    const impatient = Date.now() - PATIENCE_MS;
    for (const entry of [...this.lanes.values()].flat()) if (entry.since <= impatient) tellQueued(entry);
  }

  private serverIsBack(): void {
    if (this.away) this.stopping.signal.removeEventListener('abort', this.away.end);
    this.away?.end();
    this.away = null;
  }
}

function tellQueued(entry: Entry): void {
  entry.resolve?.({ queued: true, answer: null });
  entry.resolve = entry.reject = undefined;
}

function laneOf({ metadata, conversation_id: conversationId }: OrchestratorMessage): string {
  return JSON.stringify([metadata?.['user_id'] ?? conversationId, conversationId]);
}
