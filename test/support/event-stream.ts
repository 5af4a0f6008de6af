/** One event of a stream, as it came. */
export interface StreamEvent {
  id: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  data: any;
}

/** A reader of server-sent events that keeps everything. */
export interface EventReader {
  status: number;
  headers: Headers;
  events: StreamEvent[];
  /** The last id that was told, with or without an event; null before the first. */
  lastId(): number | null;
  comments: string[];
  /** Called at each event. */
  onEvent: (event: StreamEvent) => void;
  /** Resolves when the stream ends, whoever ended it. */
  ended: Promise<void>;
  close(): void;
}

/** Opens a stream; resolves once the head is there. */
export async function openEvents(url: string, lastEventId?: number | string): Promise<EventReader> {
  const cancel = new AbortController();
  const response = await fetch(url, {
    headers: {
      Accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) }),
    },
    signal: cancel.signal,
  });
  let lastId: number | null = null;
  const reader: EventReader = {
    status: response.status,
    headers: response.headers,
    events: [],
    comments: [],
    lastId: () => lastId,
    onEvent: () => undefined,
    ended: Promise.resolve(),
    close: () => cancel.abort(),
  };
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  };
  const take = (block: string): void => {
    let data: string | undefined;
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) reader.comments.push(line);
      else if (line.startsWith('id: ')) lastId = Number(line.slice(4));
      else if (line.startsWith('data: ')) data = line.slice(6);
    }
    if (data === undefined) return;
    const event = { id: lastId!, data: JSON.parse(data) as unknown };
    reader.events.push(event);
    reader.onEvent(event);
  };
  // However it ends, that it has ended is what readers wait for.
  if (response.ok) reader.ended = read().catch(() => undefined);
  return reader;
}
