import { jsonLines } from './text-lines';
import type { CallOptions, Transport } from './transport';
import type { ImportLine, ImportReceived, ImportStatus } from './wire';

const LINES = 'application/x-ndjson';

/** Backfills: many messages at once, indexed in the background. */
export class ImportsClient {
  constructor(private readonly transport: Transport) {}

  /**
   * Sends messages as they come; one that was cut is completed by sending the same again. An async iterable is streamed,
   * where the runtime can, and not sent again by itself.
   */
  async send(
    lines: readonly ImportLine[] | AsyncIterable<ImportLine>,
    options: CallOptions & { onError?: 'continue' | 'abort' } = {},
  ): Promise<ImportReceived> {
    const { onError, ...call } = options;
    const isList = Array.isArray(lines);
    const content = isList ? (lines as ImportLine[]).map(asLine).join('') : streamOf(lines);
    return this.transport.json(
      { method: 'POST', path: '/v1/imports', query: { on_error: onError }, stream: { type: LINES, content } },
      isList ? call : { ...call, maxRetries: 0 },
    );
  }

  get(id: string, options?: CallOptions): Promise<ImportStatus> {
    return this.transport.json({ method: 'GET', path: importPath(id) }, options);
  }

  /** The newest first. */
  list(
    page: { limit?: number; cursor?: string } = {},
    options?: CallOptions,
  ): Promise<{ imports: ImportStatus[]; next_cursor: string | null }> {
    return this.transport.json({ method: 'GET', path: '/v1/imports', query: page }, options);
  }

  /** The lines that were refused, and why. */
  async *rejections(
    id: string,
    options?: CallOptions,
  ): AsyncGenerator<{ line: number; reason: string }, void> {
    const call = { method: 'GET', path: importPath(id, '/rejections') };
    yield* jsonLines(await this.transport.open(call, options));
  }

  pause(id: string, options?: CallOptions): Promise<ImportStatus> {
    return this.command(id, '/pause', options);
  }

  resume(id: string, options?: CallOptions): Promise<ImportStatus> {
    return this.command(id, '/resume', options);
  }

  cancel(id: string, options?: CallOptions): Promise<ImportStatus> {
    return this.command(id, '/cancel', options);
  }

  private command(id: string, verb: string, options?: CallOptions): Promise<ImportStatus> {
    return this.transport.json({ method: 'POST', path: importPath(id, verb) }, options);
  }
}

function asLine(line: ImportLine): string {
  return `${JSON.stringify(line)}\n`;
}

function streamOf(lines: readonly ImportLine[] | AsyncIterable<ImportLine>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = (lines as AsyncIterable<ImportLine>)[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(asLine(value)));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function importPath(id: string, below = ''): string {
  return `/v1/imports/${encodeURIComponent(id)}${below}`;
}
