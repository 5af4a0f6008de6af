import { TokenParser, Tokenizer, TokenType } from '@streamparser/json';
import { ensureError } from '../domain/errors';
import { SourceError, type Bytes } from './entry';

/** One element is held in memory as a whole; no conversation that people had is as long as this. */
export const MAX_ELEMENT_BYTES = 128 * 1024 * 1024;
const STRING_BUFFER_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const BETWEEN_ELEMENTS = new Set<number>([TokenType.COMMA, TokenType.RIGHT_BRACKET, TokenType.SEPARATOR]);

export type JsonElement = { line: number; value: unknown } | { line: number; problem: string };

/**
 * The elements of a JSON array, or one or more JSON documents behind each other, one at a time. Broken or cut-off
 * JSON is a problem and the end: everything before it has come.
 * @param noun what an element is, for the problem's words
 */
export async function* jsonElements(bytes: Bytes, noun: string): AsyncGenerator<JsonElement> {
  let reader: ElementReader | undefined;
  for await (const chunk of bytes) {
    reader ??= newReader(chunk);
    if (!reader) continue;
    const problem = reader.read(chunk, noun);
    yield* reader.take();
    if (problem) return yield problem;
  }
  const problem = reader?.end(noun);
  if (problem) yield problem;
}

/** Undefined while there is nothing but white space. */
function newReader(chunk: Uint8Array): ElementReader | undefined {
  const first = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1').trimStart()[0];
  return first === undefined ? undefined : new ElementReader(first === '[');
}

class ElementReader {
  private readonly tokenizer: Tokenizer;
  private readonly parser: TokenParser;
  private readonly found: JsonElement[] = [];
  private readonly outside: number;
  private depth = 0;
  private chunk: Uint8Array = new Uint8Array();
  private chunkOffset = 0;
  private countedTo = 0;
  private line = 1;
  private elementLine = 1;
  private elementOffset = 0;

  constructor(isArray: boolean) {
    this.outside = isArray ? 1 : 0;
    const documents = isArray ? {} : { separator: '' };
    this.tokenizer = new Tokenizer({ stringBufferSize: STRING_BUFFER_BYTES, ...documents });
    this.parser = new TokenParser({ paths: [isArray ? '$.*' : '$'], keepStack: false, ...documents });
    this.tokenizer.onToken = (token) => {
      const kind: number = token.token;
      if (this.depth === this.outside && !BETWEEN_ELEMENTS.has(kind)) this.startElement(token.offset);
      if (kind === TokenType.LEFT_BRACE || kind === TokenType.LEFT_BRACKET) this.depth += 1;
      if (kind === TokenType.RIGHT_BRACE || kind === TokenType.RIGHT_BRACKET) this.depth -= 1;
      this.parser.write(token);
    };
    this.parser.onValue = ({ value }) => this.found.push({ line: this.elementLine, value });
  }

  read(chunk: Uint8Array, noun: string): JsonElement | undefined {
    this.chunk = chunk;
    try {
      this.tokenizer.write(chunk);
    } catch (thrown) {
      const reason = ensureError(thrown).message;
      return {
        line: this.elementLine,
        problem: `broken JSON (${reason}): the file is not read from this ${noun} on`,
      };
    }
    this.countLines(this.chunkOffset + chunk.length);
    this.chunkOffset += chunk.length;
    if (this.depth > this.outside && this.chunkOffset - this.elementOffset > MAX_ELEMENT_BYTES)
      throw new SourceError(`line ${this.elementLine}: a ${noun} longer than ${MAX_ELEMENT_BYTES} bytes`);
    return undefined;
  }

  end(noun: string): JsonElement | undefined {
    if (this.depth === 0) return undefined;
    const line = this.depth > this.outside ? this.elementLine : this.line;
    const where = this.depth > this.outside ? `in the middle of a ${noun}, which is left out` : 'too early';
    return { line, problem: `the file is cut off: it ends ${where}; everything before was read` };
  }

  take(): JsonElement[] {
    return this.found.splice(0);
  }

  private startElement(offset: number): void {
    this.countLines(offset);
    this.elementLine = this.line;
    this.elementOffset = offset;
  }

  private countLines(to: number): void {
    const last = Math.min(to - this.chunkOffset, this.chunk.length);
    let from = Math.max(this.countedTo - this.chunkOffset, 0);
    for (let at = this.chunk.indexOf(NEWLINE, from); at !== -1 && at < last;) {
      this.line += 1;
      from = at + 1;
      at = this.chunk.indexOf(NEWLINE, from);
    }
    this.countedTo = Math.max(this.countedTo, to);
  }
}
