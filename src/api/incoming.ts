import { DomainError } from '../domain/errors';
import type { IncomingMessage, Role } from '../domain/message';

interface WireMessage {
  role: Role;
  content: string;
  name?: string | null | undefined;
  message_id?: string | null | undefined;
  timestamp?: Date | null | undefined;
  metadata?: Record<string, unknown> | null | undefined;
}

/** A validated message of a request in the domain's words; `newId` is for one without an id. */
export function incomingMessage(
  message: WireMessage,
  newId: () => string,
  shared: { metadata?: Record<string, unknown>; forcedPersona?: string | null } = {},
): IncomingMessage {
  return {
    messageId: message.message_id ?? newId(),
    role: message.role,
    content: message.content,
    name: message.name ?? null,
    timestamp: message.timestamp ?? null,
    metadata: message.metadata ?? shared.metadata ?? {},
    forcedPersona: shared.forcedPersona ?? null,
  };
}

/** Names messages in an error as this request does: ingestion does not know what the caller's list is called. */
export function namedAfter(list: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DomainError) || !error.errors) throw error;
    const errors = error.errors.map(({ path, message }) => {
      const inList = path.replace(/^messages\./, '').replace(/^message_id$/, '0.message_id');
      return { path: `${list}.${inList}`, message };
    });
    const { status, title, detail, retryAfterSeconds } = error;
    const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    throw new DomainError(status, title, detail, { cause: error, errors, ...retry });
  };
}
