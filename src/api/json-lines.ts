import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

export const JSON_LINES_TYPE = 'application/x-ndjson';

/** Answers with one JSON value a line, as fast as the caller reads. A failure behind the first line cuts the answer. */
export async function sendLines(
  response: ServerResponse,
  status: number,
  lines: AsyncIterable<unknown>,
  requestId: string,
): Promise<void> {
  const gone = once(response, 'close');
  for await (const line of headFirst(response, status, lines, requestId)) {
    if (response.destroyed) return;
    if (!response.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(response, 'drain'), gone]);
  }
  response.end();
}

/** Writes the head once the first line is there, so that an error before it can still be answered. */
async function* headFirst(
  response: ServerResponse,
  status: number,
  lines: AsyncIterable<unknown>,
  requestId: string,
): AsyncGenerator<unknown> {
  const writeHead = (): void => {
    if (response.headersSent) return;
    response.writeHead(status, {
      'Content-Type': `${JSON_LINES_TYPE}; charset=utf-8`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
    });
  };
  for await (const line of lines) {
    writeHead();
    yield line;
  }
  writeHead();
}

/** A line of a text with its number; too long ones come without their bytes. */
export type NumberedLine = { line: number; raw: Buffer } | { line: number; tooLong: true };

const LINE_FEED = 0x0a;
const BLANK = new Set([0x20, 0x09, 0x0d]);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Splits bytes into lines, counted from 1; blank ones count but do not come. At most one line is kept, and of one above
 * `maxLineBytes` nothing.
 */
export async function* splitLines(
  bytes: AsyncIterable<Buffer>,
  maxLineBytes: number,
): AsyncGenerator<NumberedLine[]> {
  let line = 1;
  let pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length <= maxLineBytes) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): NumberedLine | null => {
    const number = line;
    const tooLong = length > maxLineBytes;
    const raw = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces = [];
    length = 0;
    line += 1;
    if (tooLong) return { line: number, tooLong: true };
    const text = number === 1 && raw.subarray(0, BOM.length).equals(BOM) ? raw.subarray(BOM.length) : raw;
    return text.every((byte) => BLANK.has(byte)) ? null : { line: number, raw: text };
  };
  for await (const chunk of bytes) {
    const lines: NumberedLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      const finished = finish();
      if (finished) lines.push(finished);
    }
    if (from < chunk.length) keep(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (length > 0) {
    const finished = finish();
    if (finished) yield [finished];
  }
}
