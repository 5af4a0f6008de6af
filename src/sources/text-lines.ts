import type { Bytes } from './entry';

/** Longer than any message the server takes. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const REPLACEMENT = '\uFFFD';
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

export type TextLine = { line: number; text: string; cutOff: boolean } | { line: number; problem: string };

/** The lines of a file without their ends; `cutOff`: the last one has none. A line that is too long or not UTF-8 is a problem. */
export async function* textLines(bytes: Bytes): AsyncGenerator<TextLine> {
  let line = 1;
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, to));
      yield take(false);
      from = to + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield take(true);

  function keep(part: Uint8Array): void {
    length += part.length;
    if (length <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  }

  function take(cutOff: boolean): TextLine {
    const [buffer, size, at] = [Buffer.concat(parts), length, line];
    [parts, length, line] = [[], 0, line + 1];
    if (size > MAX_LINE_BYTES)
      return { line: at, problem: `the line is longer than ${MAX_LINE_BYTES} bytes` };
    const end = buffer.at(-1) === CARRIAGE_RETURN ? buffer.length - 1 : buffer.length;
    const text = buffer.toString('utf8', 0, end);
    if (text.includes(REPLACEMENT) && !isUtf8(buffer)) return { line: at, problem: 'the line is not UTF-8' };
    return { line: at, text, cutOff };
  }
}

function isUtf8(buffer: Buffer): boolean {
  try {
    strictUtf8.decode(buffer);
    return true;
  } catch {
    return false;
  }
}
