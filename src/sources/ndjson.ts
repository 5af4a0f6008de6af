import { asObject, type Bytes, type ImportLine, type SourceDefaults, type SourceEntry } from './entry';
import { jsonRecords } from './json-records';

/** Import lines as they are, one a line; what is in them is for the server to judge. A user or a conversation that a line lacks is filled in. */
export async function* ndjsonSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
  for await (const record of jsonRecords(bytes, 'message')) {
    if ('problem' in record) yield record;
    else yield { line: record.line, ...completed(record.value, defaults) };
  }
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
