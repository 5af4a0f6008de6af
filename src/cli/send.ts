import { isMemoryLine } from '../sources/entry';
import type { OpenedSource } from '../sources/open-source';
import { CliError, EXIT } from './exit';
import { fileProgress } from './file-progress';
import type { Findings } from './findings';
import type { ImportReceipt } from './import-status';
import type { Progress } from './progress';
import { sentLines, type SentLine } from './sent-lines';
import type { Server } from './server';
import { counted } from './words';

const PIECE_CHARS = 64 * 1024;

export interface Sending {
  source: OpenedSource;
  file: string;
  /** How much of the file was read so far. */
  bytesRead: () => number;
  onError: 'continue' | 'abort';
  findings: Findings;
  progress: Progress;
  /** Ends the file early; the server is heard out. */
  stop: AbortSignal;
  /** Ends at once. */
  giveUp: AbortSignal;
}

export interface Sent {
  receipt: ImportReceipt;
  /** Messages that were sent. */
  messages: number;
  /** Where in the file it ended early, and why; undefined when all of it was sent. */
  endedEarly: { line: number; why: 'interrupted' | 'problem' } | undefined;
}

/** Sends a file as one import, as it is read. */
export async function send(server: Server, sending: Sending): Promise<Sent> {
  const { source, findings, progress, stop } = sending;
  const state = { messages: 0, line: 0, endedEarly: undefined as Sent['endedEarly'] };
  // A pipe may stay silent for long: it is closed, and what is half read then is no finding.
  stop.addEventListener('abort', () => source.close());
  const lines = sentLines(source, (entry) => {
    if (!stop.aborted) findings.take(entry);
  });
  // The first message is there before the connection is: a file of another format is told without one.
  let next = await lines.next();
  if (stop.aborted) throw new CliError(EXIT.interrupted, 'interrupted before anything was sent');
  const query = sending.onError === 'abort' ? '?on_error=abort' : '';
  const receipt = await server.upload<ImportReceipt>(`/v1/imports${query}`, pieces(), sending.giveUp);
  return { receipt, messages: state.messages, endedEarly: state.endedEarly };

  async function* pieces(): AsyncGenerator<string> {
    const show = fileProgress(progress, { ...sending, doing: 'sending' });
    let piece = '';
    for (; !next.done && !isToEnd(); next = await lines.next()) {
      piece += onWire(next.value);
      if (!isMemoryLine(next.value.message)) state.messages += 1;
      state.line = next.value.line;
      if (piece.length < PIECE_CHARS) continue;
      yield piece;
      piece = '';
      show(state.messages);
    }
    isToEnd();
    if (piece !== '') yield piece;
    show(state.messages);
    progress.show({
      doing: 'sending',
      done: 1,
      total: 1,
      detail: `${counted(state.messages, 'message')}, waiting for the answer`,
    });
  }

  function isToEnd(): boolean {
    if (stop.aborted) state.endedEarly = { line: state.line, why: 'interrupted' };
    else if (sending.onError === 'abort' && findings.problemCount > 0)
      state.endedEarly = { line: findings.problems[0]!.line, why: 'problem' };
    return state.endedEarly !== undefined;
  }
}

function onWire({ blanksBefore, message }: SentLine): string {
  return `${'\n'.repeat(blanksBefore)}${JSON.stringify(message)}\n`;
}
