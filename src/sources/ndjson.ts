import { exportLineType, isWrittenMemory, type ExportLineType } from '../domain/export-line';
import { asObject, type Bytes, type ImportLine, type SourceDefaults, type SourceEntry } from './entry';
import { jsonRecords } from './json-records';

const LEFT_OUT: Record<Exclude<ExportLineType, 'message' | 'user'>, string> = {
  conversation: 'a conversation’s own policy, of an export: messages are batched by the policy here',
  memory: 'a memory of an export that was edited: it is made anew of its messages, as they were said',
  summary: 'a summary of an export: it is made anew',
  persona: 'a persona’s state, of an export: it comes about anew',
};

/**
 * Import lines as they are, one a line; what is in them is for the server to judge. A user or a conversation that a line
 * lacks is filled in. Of an export of ours the messages are taken.
 */
export async function* ndjsonSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
  for await (const record of jsonRecords(bytes, 'message')) {
    if ('problem' in record) {
      yield record;
      continue;
    }
    const { line, value } = record;
    const kind = exportLineType(value);
    if (kind === 'user') continue;
    // A memory that no messages make anew goes along as it is.
    if (isWrittenMemory(value)) yield { line, message: withUser(value, defaults) };
    else if (kind !== null && kind !== 'message') yield { line, note: LEFT_OUT[kind] };
    else yield { line, ...completed(kind === null ? value : withoutType(value), defaults) };
  }
}

function withUser(value: unknown, { user }: SourceDefaults): ImportLine {
  const memory = asObject(value)!;
  return { ...memory, user_id: (memory['user_id'] ?? user) as string };
}

function withoutType(value: unknown): unknown {
  const { type: _, ...message } = asObject(value)!;
  return message;
}

function completed(
  value: unknown,
  { user, conversation }: SourceDefaults,
): { message: ImportLine } | { problem: string } {
  const object = asObject(value);
  if (!object) return { problem: 'not a JSON object' };
  const [userId, conversationId] = [object['user_id'] ?? user, object['conversation_id'] ?? conversation];
  // A whole transcript in one line: the server knows where it belongs.
  const namesItself = 'history' in object;
  if (userId === undefined) return { problem: 'user_id is missing: add it, or say whose it is with --user' };
  if (conversationId === undefined && !namesItself)
    return { problem: 'conversation_id is missing: add it, or name one with --conversation' };
  const filled = {
    user_id: userId,
    ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
  };
  return { message: { ...object, ...filled } as ImportLine };
}
