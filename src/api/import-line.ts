import { exportLineType, isWrittenMemory } from '../domain/export-line';
import { DomainError, type FieldError } from '../domain/errors';
import type { LineMessage, ReadLine } from '../ingest/import-lines';
import type { MemoryLine } from './import-memories';
import { incomingMessage, sharedBy } from './incoming';
import { parseJson } from './json-body';
import type { NumberedLine } from './json-lines';
import { conversationOf } from './routes/store';
import { importMessage, importTranscript } from './schemas/imports';
import { exportedMemory } from './schemas/memories';
import { validate } from './validate';

/** As large as a JSON body may be. */
export const MAX_LINE_BYTES = 2 * 1024 * 1024;
/** Of a transcript of a thousand broken messages the first problems say enough. */
const MAX_PROBLEMS = 5;

const noId = (): string => '';

/**
 * Reads one line of an import: its messages, a memory of an export, or why it is rejected; null for a line of an export
 * that is passed over.
 */
export function readImportLine(
  numbered: NumberedLine,
  defaultUserId: string | undefined,
): ReadLine | MemoryLine | null {
  const { line } = numbered;
  if ('tooLong' in numbered) return { line, rejected: `is longer than ${MAX_LINE_BYTES} bytes` };
  try {
    const value = withUser(parseJson(numbered.raw), defaultUserId);
    if (isWrittenMemory(value)) return readMemory(line, value);
    // What follows from messages comes about anew, and so does what was made of it.
    const type = exportLineType(value);
    if (type !== null && type !== 'message') return null;
    const bytes = numbered.raw.length;
    return isTranscript(value) ? readTranscript(line, bytes, value) : readMessage(line, bytes, value);
  } catch (thrown) {
    if (!(thrown instanceof DomainError)) throw thrown;
    return { line, rejected: thrown.errors ? reasonOf(thrown.errors) : notJson(thrown) };
  }
}

function withUser(value: unknown, userId: string | undefined): unknown {
  if (userId === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const { user_id: own } = value as { user_id?: unknown };
  return own === undefined || own === null ? { ...value, user_id: userId } : value;
}

function readMemory(line: number, value: unknown): ReadLine | MemoryLine | null {
  const parsed = validate(exportedMemory, value);
  if ('errors' in parsed) return { line, rejected: reasonOf(parsed.errors) };
  const { user_id: userId, expires_at: expiresAt, memory } = parsed.value;
  if (expiresAt && expiresAt.getTime() <= Date.now()) return null;
  const { persona_tags: personaTags, emotional_signature: emotionalSignature, ...same } = memory;
  const { created_at: createdAt, source_message_ids: sourceMessageIds, ...written } = same;
  return {
    line,
    userId,
    memory: {
      ...written,
      personaTags,
      emotionalSignature,
      createdAt,
      sourceMessageIds: sourceMessageIds ?? [],
      expiry: expiresAt ? { at: expiresAt } : null,
    },
  };
}

function isTranscript(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'history' in value;
}

function readMessage(line: number, bytes: number, value: unknown): ReadLine {
  const parsed = validate(importMessage, value);
  if ('errors' in parsed) return { line, rejected: reasonOf(parsed.errors) };
  const { user_id: userId, conversation_id: conversationId, type: _, ...message } = parsed.value;
  return { line, bytes, userId, conversationId, messages: [lineMessage(message)] };
}

function readTranscript(line: number, bytes: number, value: unknown): ReadLine {
  const parsed = validate(importTranscript, value);
  if ('errors' in parsed) return { line, rejected: reasonOf(parsed.errors) };
  const transcript = parsed.value;
  const shared = sharedBy(transcript);
  return {
    line,
    bytes,
    userId: transcript.user_id,
    conversationId: conversationOf(transcript, transcript.user_id),
    messages: transcript.history.map((message) => lineMessage(message, shared)),
  };
}

function lineMessage(
  message: Parameters<typeof incomingMessage>[0],
  shared?: Parameters<typeof incomingMessage>[2],
): LineMessage {
  const read: LineMessage = incomingMessage(message, noId, shared);
  if (read.messageId === '') read.unnamed = true;
  return read;
}

function reasonOf(errors: readonly FieldError[]): string {
  const shown = errors
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = errors.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}

function notJson(error: DomainError): string {
  return error.detail.includes('UTF-8') ? 'is not valid UTF-8' : 'is not valid JSON';
}
