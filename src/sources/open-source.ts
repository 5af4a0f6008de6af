import { ensureError } from '../domain/errors';
import { chatgptSource } from './chatgpt';
import { claudeSource } from './claude';
import { csvSource } from './csv';
import { detectFormat, FORMATS, type Format } from './detect';
import { SourceError, type Source, type SourceDefaults, type SourceEntry } from './entry';
import { openFileBytes, type FileBytes } from './file-bytes';
import { ndjsonSource } from './ndjson';
import { transcriptSource } from './transcript';

const SOURCES: Record<Format, Source> = {
  ndjson: ndjsonSource,
  transcript: transcriptSource,
  chatgpt: chatgptSource,
  claude: claudeSource,
  csv: csvSource,
};
/** Formats in which a record is one message, so that lines sent can keep the file's numbers. */
const MESSAGE_A_LINE: readonly Format[] = ['ndjson', 'csv'];

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder; name the file in it, such as conversations.json'],
]);

export interface SourceOptions extends SourceDefaults {
  /** Undefined: found by looking. */
  format?: Format | undefined;
  /** Is told how many bytes of the file were read. */
  onRead?: (bytes: number) => void;
}

export interface OpenedSource {
  format: Format;
  /** Whether each message stands on a line of its own. */
  messageALine: boolean;
  /** What the file holds, in its order, read as it is asked for. */
  entries: AsyncGenerator<SourceEntry>;
  /** Reads no further: the entries end, also while they wait for a pipe. */
  close: () => void;
}

/**
 * Opens a file, `-` being standard input, whatever its format, packed with gzip or not.
 * @throws SourceError, also at the first entry, when the file as a whole cannot be imported like this
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<OpenedSource> {
  const file = await opened(path, options);
  const format = options.format ?? detectFormat(file.head);
  if (format === null)
    throw new SourceError(
      `the format of ${path} could not be found by looking: say it with --format ${FORMATS.join('|')}`,
    );
  return {
    format,
    messageALine: MESSAGE_A_LINE.includes(format),
    entries: entriesOf(file, format, options),
    close: file.close,
  };
}

async function opened(path: string, { onRead = () => undefined }: SourceOptions): Promise<FileBytes> {
  try {
    return await openFileBytes(path, onRead);
  } catch (thrown) {
    const error = ensureError(thrown);
    if (!('code' in error)) throw error;
    throw new SourceError(`${path} cannot be read: ${REASONS.get(error.code) ?? error.message}`, {
      cause: error,
    });
  }
}

async function* entriesOf(
  file: FileBytes,
  format: Format,
  defaults: SourceDefaults,
): AsyncGenerator<SourceEntry> {
  let line = 1;
  for await (const entry of SOURCES[format](file.bytes, defaults)) {
    line = entry.line;
    yield entry;
  }
  const failure = file.failure();
  if (failure) yield { line, problem: failure.message };
}
