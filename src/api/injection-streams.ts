import type { ServerResponse } from 'node:http';
import { DomainError } from '../domain/errors';
import type { InjectionEvent, InjectionEventId } from '../domain/injection-event';
import type { ConversationRef } from '../domain/message';
import type { InjectionFeed, InjectionSubscription } from '../ingest/injection-feed';
import { injectionOf } from './wire';

export const EVENT_STREAM_TYPE = 'text/event-stream';
/** How many streams one process keeps open: each is a socket. */
const MAX_STREAMS = 10_000;
const TOO_MANY_RETRY_SECONDS = 5;
/** A reader that does not take what is there for so long is cut; it resumes where it was. */
const SLOW_READER_DEADLINE_MS = 30_000;
/** A stream is ended after this long and comes again, so that who may read is asked again. */
const MAX_STREAM_AGE_MS = 3_600_000;
/** What a reader waits before it comes again. */
const RECONNECT_DELAY_MS = 1_000;

interface OpenStream {
  response: ServerResponse;
  subscription: InjectionSubscription;
  openedAt: number;
  /** Since when the reader has had enough; null while it reads. */
  waitingSince: number | null;
}

/** The open streams of server-sent events of a process; each holds at most one read of the record. */
export class InjectionStreams {
  private readonly open = new Set<OpenStream>();
  private readonly beat: NodeJS.Timeout;
  private closing = false;

  constructor(
    private readonly feed: InjectionFeed,
    heartbeatMs: number,
  ) {
    this.beat = setInterval(() => this.tend(), heartbeatMs).unref();
  }

  /**
   * Streams a conversation's injections behind `after` (null: from now on) until either side ends it. Once the head is
   * out, whatever is injected will come.
   * @throws DomainError 503, UnavailableError('postgres')
   */
  async serve(
    response: ServerResponse,
    ref: ConversationRef,
    after: InjectionEventId | null,
    requestId: string,
  ): Promise<void> {
    if (this.closing || this.open.size >= MAX_STREAMS)
      throw new DomainError(503, 'Service unavailable', 'This process can open no more streams. Try again.', {
        retryAfterSeconds: TOO_MANY_RETRY_SECONDS,
      });
    const gone = new Promise<void>((resolve) => response.once('close', resolve));
    const subscription = await this.feed.follow(ref, after, (events) => write(stream, events));
    const stream: OpenStream = { response, subscription, openedAt: Date.now(), waitingSince: null };
    this.open.add(stream);
    try {
      response.on('drain', () => {
        stream.waitingSince = null;
        subscription.resume();
      });
      response.writeHead(200, {
        'Content-Type': `${EVENT_STREAM_TYPE}; charset=utf-8`,
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
        'X-Content-Type-Options': 'nosniff',
        'X-Request-Id': requestId,
      });
      // The id, so that a reader that is cut before its first event resumes from here.
      response.write(`: connected\nretry: ${RECONNECT_DELAY_MS}\nid: ${subscription.from}\n\n`);
      if (this.closing || response.req.method === 'HEAD') response.end();
      if (!response.closed) await gone;
    } finally {
      this.open.delete(stream);
      subscription.close();
    }
  }

  /** Ends all streams, in order: their readers come again elsewhere. */
  close(): void {
    this.closing = true;
    clearInterval(this.beat);
    for (const { response } of this.open) response.end();
  }

  private tend(): void {
    const now = Date.now();
    for (const { response, waitingSince, openedAt } of this.open) {
      if (waitingSince !== null && now - waitingSince > SLOW_READER_DEADLINE_MS) response.destroy();
      else if (now - openedAt > MAX_STREAM_AGE_MS) response.end();
      else if (waitingSince === null) response.write(': heartbeat\n\n');
    }
  }
}

/** @returns whether the reader takes more */
function write(stream: OpenStream, events: readonly InjectionEvent[]): boolean {
  const text = events.map(
    ({ id, injection }) => `id: ${id}\ndata: ${JSON.stringify(injectionOf(injection))}\n\n`,
  );
  const takesMore = stream.response.write(text.join(''));
  if (!takesMore) stream.waitingSince = Date.now();
  return takesMore;
}
