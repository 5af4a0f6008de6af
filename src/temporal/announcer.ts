import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import { conversationWorkflowId } from '../domain/ids';
import type { ConversationRef } from '../domain/message';
import type { InItsSpan } from '../tracing/tracing';
import { asMerged, asSignal, merge, type Announcement, type Merged } from './announcement';
import { announcingRate } from './announcing-rate';
import { Frequency, Pace } from './pace';
import { createAcknowledgements, type Acknowledgement, type Acknowledgements } from './acknowledgements';
import {
  signalMessagesStored,
  signalPolicyChanged,
  signalRetryFailed,
  type ConversationStart,
} from './conversation-signals';

export type { Announcement } from './announcement';

/**
 * Tells Temporal behind the answer. One signal in flight a conversation; what comes meanwhile is merged into the next.
 * Never throws: while Temporal is away it retries with back-off, and the sweep covers a process that died with it.
 */
export interface Announcer {
  announce(ref: ConversationRef, announcement: Announcement): void;
  /** Waits until nothing is in flight or waiting, at most `deadlineMs`; then stops. */
  close(deadlineMs: number): Promise<void>;
}

export interface AnnouncerOptions extends ConversationStart {
  /** Made lazily: it need not be connected. */
  client: Client;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
  /** With tracing: what a signal says counts as part of the request that had it said (the first, where several did). */
  keepSpan?: (() => InItsSpan) | undefined;
  /** Conversations that are told at the same time. */
  maxInFlight?: number;
  /** Told what Temporal has acknowledged, many at a time; called again if it fails. */
  onAcknowledged: (items: Acknowledgement[]) => Promise<void>;
  logger: Logger;
}

const DEFAULT_MAX_IN_FLIGHT = 16;
/** How many conversations may be told at once after a rest. */
const BURST = 40;
const ARRIVALS_HALF_LIFE_MS = 500;
const FIRST_BACKOFF_MS = 100;
const MAX_OUTAGE_BACKOFF_MS = 5_000;
const MAX_ENTRY_BACKOFF_MS = 30_000;
const LOG_EVERY_FAILURES = 20;

/** gRPC codes that speak of one call, not of Temporal's health: invalid argument, not found, exhausted, precondition. */
const CODES_OF_ONE_CALL = new Set([3, 5, 8, 9]);

interface Entry {
  ref: ConversationRef;
  key: string;
  /** What is to be said next; null when all is said. */
  waiting: Merged | null;
  /** Of whoever had it said first. */
  inSpan: InItsSpan;
  state: 'queued' | 'sending' | 'backing off';
  failures: number;
  timer: NodeJS.Timeout | null;
}

/** See {@link Announcer}. Memory is bounded by the number of conversations that wait: one entry each. */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  return new SignallingAnnouncer(options);
}

class SignallingAnnouncer implements Announcer {
  private readonly entries = new Map<string, Entry>();
  private readonly acknowledgements: Acknowledgements;
  private readonly maxInFlight: number;
  private readonly keepSpan: () => InItsSpan;
  private queue: Entry[] = [];
  private readonly pace = new Pace(BURST);
  private readonly arrivals = new Frequency(ARRIVALS_HALF_LIFE_MS);
  private paceTimer: NodeJS.Timeout | null = null;
  private inFlight = 0;
  private outageFailures = 0;
  private outageTimer: NodeJS.Timeout | null = null;
  private stopped = false;
  private whenIdle: (() => void) | null = null;

  constructor(private readonly options: AnnouncerOptions) {
    this.maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    this.keepSpan = options.keepSpan ?? (() => (work) => work());
    this.acknowledgements = createAcknowledgements({
      write: options.onAcknowledged,
      onIdle: () => this.noticeIdle(),
      logger: options.logger,
    });
  }

  announce(ref: ConversationRef, announcement: Announcement): void {
    if (this.stopped) return;
    this.arrivals.note(performance.now());
    const key = keyOf(ref);
    const entry = this.entries.get(key);
    const news = asMerged(announcement);
    if (entry) {
      if (entry.waiting === null) entry.inSpan = this.keepSpan();
      entry.waiting = entry.waiting ? merge(entry.waiting, news) : news;
      if (entry.state === 'queued' && isUrgent(entry)) this.pump();
      return;
    }
    const inSpan = this.keepSpan();
    this.enqueue({ ref, key, waiting: news, inSpan, state: 'queued', failures: 0, timer: null });
  }

  async close(deadlineMs: number): Promise<void> {
    if (!this.isIdle()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        this.whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.stopped = true;
    if (this.outageTimer) clearTimeout(this.outageTimer);
    if (this.paceTimer) clearTimeout(this.paceTimer);
    for (const entry of this.entries.values()) if (entry.timer) clearTimeout(entry.timer);
    this.acknowledgements.stop();
    if (this.entries.size > 0) {
      this.options.logger.warn(
        { conversations: this.entries.size },
        'stopped before Temporal was told; the sweep will',
      );
    }
  }

  private enqueue(entry: Entry): void {
    entry.state = 'queued';
    this.entries.set(entry.key, entry);
    this.queue.push(entry);
    this.pump();
  }

  private pump(): void {
    if (this.stopped || this.outageTimer) return;
    // During an outage one call at a time finds out whether it is over.
    const allowed = this.outageFailures > 0 ? 1 : this.maxInFlight;
    while (this.inFlight < allowed) {
      const entry = this.takeNext();
      if (!entry) return;
      void this.send(entry);
    }
  }

  /** What someone waits for first; the rest in order, no faster than the pace. */
  private takeNext(): Entry | undefined {
    const urgent = this.queue.findIndex(isUrgent);
    if (urgent !== -1) return this.queue.splice(urgent, 1)[0];
    if (this.queue.length === 0) return undefined;
    const nowMs = performance.now();
    const perSecond = announcingRate(this.arrivals.perSecond(nowMs), this.queue.length);
    const waitMs = this.pace.take(nowMs, perSecond);
    if (waitMs === 0) return this.queue.shift();
    this.paceTimer ??= setTimeout(() => {
      this.paceTimer = null;
      this.pump();
    }, waitMs);
    return undefined;
  }

  private async send(entry: Entry): Promise<void> {
    const saying = entry.waiting!;
    entry.waiting = null;
    entry.state = 'sending';
    this.inFlight += 1;
    try {
      await entry.inSpan(() => this.deliver(entry.ref, saying));
      this.inFlight -= 1;
      this.delivered(entry, saying);
    } catch (thrown) {
      this.inFlight -= 1;
      entry.waiting = entry.waiting ? merge(saying, entry.waiting) : saying;
      this.failed(entry, ensureError(thrown));
    }
    this.pump();
    this.noticeIdle();
  }

  /** Said again as a whole if a part of it fails: everything in it is harmless when repeated. */
  private async deliver(ref: ConversationRef, saying: Merged): Promise<void> {
    const { client, deadlineMs } = this.options;
    const call = (signal: () => Promise<void>): Promise<void> =>
      client.withDeadline(Date.now() + deadlineMs, signal);
    if (saying.throughSeq > 0) {
      const start = { ...this.options, imported: saying.imported };
      await call(() => signalMessagesStored(client, start, ref, asSignal(saying)));
    }
    if (saying.retryFailed) await call(() => signalRetryFailed(client, this.options, ref));
    if (saying.policyChanged) await call(() => signalPolicyChanged(client, ref));
  }

  private delivered(entry: Entry, said: Merged): void {
    if (this.outageFailures > 0) {
      this.options.logger.info({ conversations: this.entries.size }, 'Temporal is back; catching up');
      this.outageFailures = 0;
    }
    entry.failures = 0;
    if (said.throughSeq > 0)
      this.acknowledgements.add(entry.key, { ref: entry.ref, throughSeq: said.throughSeq });
    if (entry.waiting) this.enqueue(entry);
    else this.entries.delete(entry.key);
  }

  private failed(entry: Entry, error: Error): void {
    if (this.stopped) return;
    if (speaksOfOneCall(error)) this.backOff(entry, error);
    else this.waitOutOutage(entry, error);
  }

  private backOff(entry: Entry, error: Error): void {
    const delayMs = backoff(entry.failures, MAX_ENTRY_BACKOFF_MS);
    if (entry.failures % LOG_EVERY_FAILURES === 0) {
      this.options.logger.warn(
        { err: error, workflowId: conversationWorkflowId(entry.ref), delayMs },
        'Temporal refused a signal; trying again',
      );
    }
    entry.failures += 1;
    entry.state = 'backing off';
    entry.timer = setTimeout(() => {
      entry.timer = null;
      this.enqueue(entry);
    }, delayMs).unref();
  }

  private waitOutOutage(entry: Entry, error: Error): void {
    entry.state = 'queued';
    // To the end: if it is this one that cannot be said, the others get their turn.
    this.queue.push(entry);
    if (this.outageTimer) return;
    const delayMs = backoff(this.outageFailures, MAX_OUTAGE_BACKOFF_MS);
    if (this.outageFailures % LOG_EVERY_FAILURES === 0) {
      const waiting = this.entries.size;
      this.options.logger.warn(
        { err: error, conversations: waiting, delayMs },
        'Temporal is away; announcing later',
      );
    }
    this.outageFailures += 1;
    this.outageTimer = setTimeout(() => {
      this.outageTimer = null;
      this.pump();
    }, delayMs).unref();
  }

  private isIdle(): boolean {
    return this.entries.size === 0 && this.acknowledgements.isIdle();
  }

  private noticeIdle(): void {
    if (this.isIdle()) this.whenIdle?.();
  }
}

/** No id has a NUL in it. The workflow's own id costs a hash, and this is made for each message. */
function keyOf({ namespace, userId, conversationId }: ConversationRef): string {
  return `${namespace}\0${userId}\0${conversationId}`;
}

function isUrgent(entry: Entry): boolean {
  const { waiting } = entry;
  return waiting !== null && (waiting.flushThrough > 0 || waiting.policyChanged || waiting.retryFailed);
}

function speaksOfOneCall(error: Error): boolean {
  const cause = isGrpcServiceError(error) ? error : error.cause;
  return isGrpcServiceError(cause) && CODES_OF_ONE_CALL.has(cause.code);
}

function backoff(failures: number, mostMs: number): number {
  const fullMs = Math.min(FIRST_BACKOFF_MS * 2 ** failures, mostMs);
  // Half of it by chance, so that processes do not return as one.
  return fullMs / 2 + Math.random() * (fullMs / 2);
}
