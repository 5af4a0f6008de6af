import { ConnectionError, isTemporary } from './errors';
import { textLines } from './text-lines';
import { backoffMs, pause, type Call, type Transport } from './transport';
import type { Injection } from './wire';

/** Several heartbeats of the server: a connection that is silent for longer is taken for dead. */
const SILENCE_MS = 60_000;

export interface InjectionEvent {
  /** Ascends within a conversation; a thousand times the seq of the message it was injected into, and its place there. */
  id: number;
  injection: Injection;
}

export interface StreamOptions {
  signal?: AbortSignal;
  /** Begin behind this event; 0 is the first there is. Without it: from now on. */
  lastEventId?: number;
  /** Told each time the connection stands, with the position it begins at. */
  onOpen?: () => void;
  /** Told of each lost connection; the stream goes on by itself. */
  onLost?: (error: unknown) => void;
}

/** Follows a stream of injections across connections. @throws ApiError when the server refuses for good */
export async function* injectionEvents(
  transport: Transport,
  call: Pick<Call, 'path' | 'query'>,
  { signal, lastEventId, onOpen, onLost }: StreamOptions = {},
): AsyncGenerator<InjectionEvent, void> {
  let last = lastEventId;
  for (let failures = 0; !signal?.aborted;) {
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    signal?.addEventListener('abort', abort);
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS);
    };
    try {
      const headers = {
        Accept: 'text/event-stream',
        ...(last === undefined ? {} : { 'Last-Event-ID': String(last) }),
      };
      const opened = await transport.open(
        { method: 'GET', ...call, headers },
        { signal: attempt.signal, maxRetries: 0 },
      );
      onOpen?.();
      failures = 0;
      heard();
      for await (const { id, data } of serverSentEvents(opened, heard)) {
        if (id === undefined || (data !== undefined && last !== undefined && id <= last)) continue;
        last = id;
        // Without data it is where the stream begins.
        if (data !== undefined) yield { id, injection: JSON.parse(data) as Injection };
      }
      throw new ConnectionError('the server ended the stream');
    } catch (error) {
      if (signal?.aborted) return;
      if (!isTemporary(error) && !attempt.signal.aborted) throw error;
      onLost?.(error);
    } finally {
      clearTimeout(silence);
      signal?.removeEventListener('abort', abort);
      attempt.abort();
    }
    // An aborted pause ends the loop by its condition.
    await pause(backoffMs(failures++), signal).catch(() => undefined);
  }
}

interface ServerSentEvent {
  id: number | undefined;
  data: string | undefined;
}

async function* serverSentEvents(
  response: Response,
  heard: () => void,
): AsyncGenerator<ServerSentEvent, void> {
  let event: ServerSentEvent = { id: undefined, data: undefined };
  for await (const line of textLines(response)) {
    heard();
    if (line === '') {
      if (event.id !== undefined || event.data !== undefined) yield event;
      event = { id: undefined, data: undefined };
    } else if (line.startsWith('id:')) event.id = Number(line.slice(3));
    else if (line.startsWith('data:')) event.data = line.slice(5).trimStart();
  }
}
