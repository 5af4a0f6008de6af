import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { InjectionEvent } from '../domain/injection-event';
import type { InjectionFeed, InjectionSubscription } from '../ingest/injection-feed';
import { InjectionStreams } from './injection-streams';

const HEARTBEAT_MS = 1_000;
const REF = { namespace: 'n', userId: 'u', conversationId: 'c' };
const EVENT: InjectionEvent = {
  id: 1_000,
  injection: {
    memoryId: 'm',
    content: 'x',
    source: 'short_term',
    channel: 'inline',
    score: 1,
    metadata: { layer: 'short-term', conversation_id: 'c' },
  },
};

/** A socket that is full or not, as a kernel would say it. */
class Reader extends EventEmitter {
  readonly written: string[] = [];
  readonly req = { method: 'GET' };
  takesMore = true;
  closed = false;
  writeHead = (): this => this;
  write(text: string): boolean {
    this.written.push(text);
    return this.takesMore;
  }
  destroy(): void {
    this.closed = true;
    this.emit('close');
  }
  end(): void {
    this.destroy();
  }
}

let deliver: (events: InjectionEvent[]) => boolean;
const resumed = jest.fn();
const feed = {
  follow: async (
    _ref: unknown,
    _after: unknown,
    onEvents: typeof deliver,
  ): Promise<InjectionSubscription> => {
    deliver = onEvents;
    return { from: 0, resume: resumed, close: () => undefined } as unknown as InjectionSubscription;
  },
} as unknown as InjectionFeed;

async function open(): Promise<{ streams: InjectionStreams; reader: Reader }> {
  const streams = new InjectionStreams(feed, HEARTBEAT_MS);
  const reader = new Reader();
  void streams.serve(reader as unknown as ServerResponse, REF, null, 'r');
  await jest.advanceTimersByTimeAsync(0);
  return { streams, reader };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('cuts a reader that does not take what is there', async () => {
  const { streams, reader } = await open();
  reader.takesMore = false;
  expect(deliver([EVENT])).toBe(false);
  const { length } = reader.written;
  await jest.advanceTimersByTimeAsync(29 * HEARTBEAT_MS);
  // Not even heartbeats are heaped up for it.
  expect(reader.written).toHaveLength(length);
  expect(reader.closed).toBe(false);
  await jest.advanceTimersByTimeAsync(3 * HEARTBEAT_MS);
  expect(reader.closed).toBe(true);
  streams.close();
});

it('goes on with a reader that takes it late', async () => {
  const { streams, reader } = await open();
  reader.takesMore = false;
  deliver([EVENT]);
  await jest.advanceTimersByTimeAsync(20 * HEARTBEAT_MS);
  reader.takesMore = true;
  reader.emit('drain');
  expect(resumed).toHaveBeenCalledTimes(1);
  await jest.advanceTimersByTimeAsync(60 * HEARTBEAT_MS);
  expect(reader.closed).toBe(false);
  expect(reader.written.at(-1)).toBe(': heartbeat\n\n');
  const ended = once(reader, 'close');
  streams.close();
  await ended;
});
