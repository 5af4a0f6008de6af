import { openSource, type SourceOptions } from '../sources/open-source';
import { sizeOfFile } from './file-size';
import type { Problem } from './findings';
import type { Rejection } from './import-status';
import { sentLines } from './sent-lines';

/**
 * Finds where in the file the lines stand that the server refused, by reading it once more. Standard input and pipes
 * cannot be read again: there the server's numbers stay.
 */
export async function locate(
  file: string,
  options: SourceOptions,
  rejections: Rejection[],
): Promise<Problem[]> {
  const wanted = new Map(rejections.map((rejection) => [rejection.line, rejection.reason]));
  const found: Problem[] = [];
  if (sizeOfFile(file) !== undefined && wanted.size > 0) {
    const source = await openSource(file, options);
    for await (const { sentLine, line, message } of sentLines(source, () => undefined)) {
      const reason = wanted.get(sentLine);
      if (reason === undefined) continue;
      wanted.delete(sentLine);
      found.push({ line, reason, from: 'server', ...placeOf(message) });
      if (wanted.size === 0) break;
    }
  }
  return [...found, ...[...wanted].map(([line, reason]): Problem => ({ line, reason, from: 'server' }))];
}

function placeOf(message: Record<string, unknown>): Pick<Problem, 'conversation_id' | 'message_id'> {
  const { conversation_id: conversation, message_id: id } = message;
  return {
    ...(typeof conversation === 'string' ? { conversation_id: conversation } : {}),
    ...(typeof id === 'string' ? { message_id: id } : {}),
  };
}
