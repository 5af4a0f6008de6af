import { parse, type Parser } from 'csv-parse';
import {
  asText,
  userOf,
  SourceError,
  type Bytes,
  type MessageLine,
  type SourceDefaults,
  type SourceEntry,
} from './entry';
import { columnsOf, delimiterOf, type Columns } from './csv-columns';
import { speakerOf } from './csv-speaker';
import { MAX_LINE_BYTES } from './text-lines';
import { readLogTime } from './times';

interface Row {
  line: number;
  fields: string[];
  /** Ended by a newline. */
  isWhole: boolean;
}

/** A chat log as a table: one row a message, the columns found by their names. */
export async function* csvSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
  let columns: Columns | undefined;
  for await (const row of rows(bytes)) {
    if ('problem' in row) yield row;
    else if (columns === undefined) columns = readHeader(row.fields, defaults);
    else yield { line: row.line, ...message(row.fields, columns, defaults) };
  }
}

function readHeader(header: string[], defaults: SourceDefaults): Columns {
  const columns = columnsOf(header);
  if (columns.text === undefined)
    throw new SourceError(
      `no column of the CSV holds the text: the columns are ${header.join(', ')}; call one of them "text", "message" or "content"`,
    );
  if (columns.conversation === undefined && defaults.conversation === undefined)
    throw new SourceError(
      'the CSV has no column "conversation_id": name the conversation with --conversation ID',
    );
  if (columns.user === undefined) userOf(defaults);
  return columns;
}

function message(
  fields: string[],
  columns: Columns,
  defaults: SourceDefaults,
): { message: MessageLine } | { problem: string } {
  const field = (place: number | undefined): string | undefined =>
    place === undefined ? undefined : asText(fields[place]);
  const content = field(columns.text);
  const userId = field(columns.user) ?? defaults.user;
  const conversationId = field(columns.conversation) ?? defaults.conversation;
  if (content === undefined) return { problem: 'the row has no text' };
  if (userId === undefined) return { problem: 'the row has no user: name one with --user' };
  if (conversationId === undefined)
    return { problem: 'the row has no conversation: name one with --conversation' };
  const said = field(columns.time);
  const time = said === undefined ? null : readLogTime(said, defaults.utcOffset);
  if (time && 'problem' in time) return time;
  const id = field(columns.id)?.trim();
  return {
    message: {
      user_id: userId.trim(),
      conversation_id: conversationId.trim(),
      ...(id === undefined ? {} : { message_id: id }),
      ...speakerOf(field(columns.role), field(columns.name)),
      content,
      ...time,
    },
  };
}

/** Rows as they become whole, so that what stands before a broken place has come. */
async function* rows(bytes: Bytes): AsyncGenerator<Row | { line: number; problem: string }> {
  const found: Row[] = [];
  let nextLine = 1;
  let failure: Error | undefined;
  let parser: Parser | undefined;
  for await (const { text, isUtf8 } of fromFullLine(decoded(bytes))) {
    parser ??= newParser(text);
    await written(parser, text);
    if (!isUtf8) {
      await ended(parser);
      yield* found.filter((row) => row.isWhole);
      return yield { line: nextLine, problem: 'the file is not UTF-8 from here on: save it as UTF-8' };
    }
    yield* found.splice(0);
    if (failure) break;
  }
  if (parser && !failure) await ended(parser);
  yield* found.splice(0);
  if (failure) yield { line: nextLine, problem: problemOf(failure) };

  function newParser(head: string): Parser {
    const created = parse({
      delimiter: delimiterOf(head),
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: MAX_LINE_BYTES,
      // The parser's own count of lines takes a CRLF within quotes for two.
      raw: true,
      // With `raw` a record is another than the types have it.
      on_record: (record: unknown) => {
        const { record: fields, raw } = record as { record: string[]; raw: string };
        const isWhole = /[\r\n]$/.test(raw);
        if (fields.some((value) => value.trim() !== '')) found.push({ line: nextLine, fields, isWhole });
        if (isWhole) nextLine += raw.match(/\r\n|\n|\r/g)?.length ?? 0;
        return null;
      },
    });
    created.on('error', (error) => (failure = error));
    return created.resume();
  }
}

interface Decoded {
  text: string;
  isUtf8: boolean;
}

/** Ends before the first byte that is not UTF-8. */
async function* decoded(bytes: Bytes): AsyncGenerator<Decoded> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of bytes) {
    try {
      yield { text: decoder.decode(chunk, { stream: true }), isUtf8: true };
    } catch {
      const [good = ''] = new TextDecoder().decode(chunk).split('\uFFFD', 1);
      return yield { text: good, isUtf8: false };
    }
  }
}

/** The first piece holds the whole header, from which the delimiter is found. */
async function* fromFullLine(pieces: AsyncIterable<Decoded>): AsyncGenerator<Decoded> {
  let head: string | undefined = '';
  for await (const { text, isUtf8 } of pieces) {
    if (head === undefined) yield { text, isUtf8 };
    else if (isUtf8 && !/[\r\n]/.test(head + text) && head.length < MAX_LINE_BYTES) head += text;
    else {
      yield { text: head + text, isUtf8 };
      head = undefined;
    }
  }
  if (head) yield { text: head, isUtf8: true };
}

function written(parser: Parser, text: string): Promise<void> {
  return new Promise((done) => parser.write(text, () => done()));
}

function ended(parser: Parser): Promise<void> {
  return new Promise((done) => {
    parser.once('error', () => done());
    parser.end(() => done());
  });
}

function problemOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return 'a quoted field that begins in this row is never closed: the file is cut off, or a quote is missing';
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `a row longer than ${MAX_LINE_BYTES} bytes (a quote that is never closed?): the file is not read from here on`;
  return `the CSV is broken: ${error.message}; it is not read from here on`;
}
