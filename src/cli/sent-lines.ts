import type { OpenedSource } from '../sources/open-source';
import type { ImportLine, SourceEntry } from '../sources/entry';

/** A message, and the number of the line that it is for the server. */
export interface SentLine {
  line: number;
  message: ImportLine;
  sentLine: number;
  /** Blank lines in front of it, which the server counts and skips. */
  blanksBefore: number;
}

/**
 * Numbers what is sent. Where the file has a line for each message, blank lines stand in for the lines that are not
 * sent, so that the server's numbers are the file's. Elsewhere they count the messages.
 */
export async function* sentLines(
  { entries, messageALine }: Pick<OpenedSource, 'entries' | 'messageALine'>,
  onOther: (entry: Exclude<SourceEntry, { message: unknown }>) => void,
): AsyncGenerator<SentLine> {
  let sent = 0;
  for await (const entry of entries) {
    if (!('message' in entry)) onOther(entry);
    else {
      const blanksBefore = messageALine ? Math.max(0, entry.line - sent - 1) : 0;
      sent += blanksBefore + 1;
      yield { ...entry, sentLine: sent, blanksBefore };
    }
  }
}
