import { ROLES, type Role } from '../domain/message';
import {
  asObject,
  asText,
  type Bytes,
  type ImportLine,
  type SourceDefaults,
  type SourceEntry,
} from './entry';
import { jsonRecords } from './json-records';

/** Transcript requests: `{user_id, history: [{role, content, …}], conversation_id?, metadata?}`, each turn a message of its own. */
export async function* transcriptSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
  for await (const record of jsonRecords(bytes, 'transcript')) {
    if ('problem' in record) yield record;
    else yield* turnsOf(record.line, record.value, defaults);
  }
}

function* turnsOf(line: number, value: unknown, defaults: SourceDefaults): Generator<SourceEntry> {
  const transcript = asObject(value);
  const history = transcript?.['history'];
  if (!transcript || !Array.isArray(history))
    return yield { line, problem: 'not a transcript: it has no list `history`' };
  const metadata = transcript['metadata'] ?? undefined;
  const userId = transcript['user_id'] ?? defaults.user;
  if (userId === undefined)
    return yield { line, problem: 'user_id is missing: add it, or say whose it is with --user' };
  // As POST /v1/store has it, with the command line's word before the last resort.
  const conversationId =
    transcript['conversation_id'] ??
    asObject(metadata)?.['conversation_id'] ??
    defaults.conversation ??
    userId;
  if (history.length === 0) yield { line, note: 'a transcript without turns' };
  if (asObject(transcript['persona_context'])) yield { line, note: 'persona_context is not imported' };
  for (const [place, turn] of history.entries()) {
    const read = messageOf(turn);
    if ('problem' in read) yield { line, problem: `history.${place}: ${read.problem}` };
    else {
      const message = { user_id: userId, conversation_id: conversationId, ...read.fields, metadata };
      yield { line, message: withoutEmpty(message) as ImportLine };
    }
  }
}

function messageOf(value: unknown): { fields: Record<string, unknown> } | { problem: string } {
  const turn = asObject(value);
  if (!turn) return { problem: 'not a JSON object' };
  const { role, content, name, message_id, timestamp } = turn;
  if (!ROLES.includes(role as Role)) return { problem: `role must be one of ${ROLES.join(', ')}` };
  if (asText(content) === undefined) return { problem: 'content is missing or blank' };
  return { fields: { role, content, name, message_id, timestamp } };
}

function withoutEmpty(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== null),
  );
}
