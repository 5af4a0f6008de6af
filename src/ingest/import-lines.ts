import type { IncomingMessage } from '../domain/message';
import type { ChunkLine } from '../record/import-chunks';
import type { Rejection } from '../record/imports';

/** A message of a line; `unnamed` until an id is derived for it. */
export type LineMessage = IncomingMessage & { unnamed?: boolean };

/** A line of a body as it was read: good, or refused with a reason. */
export type ReadLine =
  | { line: number; userId: string; conversationId: string; messages: LineMessage[]; bytes: number }
  | { line: number; rejected: string };

export type GoodLine = Extract<ReadLine, { messages: LineMessage[] }>;

const REUSED_IN_LINE = 'is used twice in this line, with other content';

/** Takes repeats out of a line that has its ids. @returns a rejection when an id is used twice for different messages */
export function withoutRepeats(line: GoodLine): ChunkLine | Rejection {
  const byId = new Map<string, LineMessage>();
  for (const [place, message] of line.messages.entries()) {
    const first = byId.get(message.messageId);
    if (first && !saysTheSame(first, message))
      return { line: line.line, reason: `history.${place}.message_id: ${REUSED_IN_LINE}` };
    if (!first) byId.set(message.messageId, message);
  }
  return {
    line: line.line,
    userId: line.userId,
    conversationId: line.conversationId,
    messages: [...byId.values()],
    ownDuplicates: line.messages.length - byId.size,
  };
}

function saysTheSame(first: IncomingMessage, again: IncomingMessage): boolean {
  return (
    first.role === again.role &&
    first.name === again.name &&
    first.content === again.content &&
    (again.timestamp === null || first.timestamp?.getTime() === again.timestamp.getTime())
  );
}

/** What tells a message from every other of its chunk; ids hold no control characters. */
export function keysOf(line: Pick<ChunkLine, 'userId' | 'conversationId' | 'messages'>): string[] {
  const prefix = `${line.userId}\n${line.conversationId}\n`;
  return line.messages.map((message) => prefix + message.messageId);
}
