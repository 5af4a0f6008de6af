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

/** What a request says of all its messages. */
export type SharedByMessages = Partial<
  Pick<IncomingMessage, 'metadata' | 'forcedPersona' | 'activePersonas'>
>;

/** What a validated transcript says of all its messages. */
export function sharedBy(transcript: {
  metadata?: Record<string, unknown> | null | undefined;
  persona_context?:
    | { forced_persona?: string | null | undefined; active_personas?: string[] | null | undefined }
    | null
    | undefined;
}): SharedByMessages {
  const { metadata, persona_context: context } = transcript;
  return {
    metadata: metadata ?? {},
    forcedPersona: context?.forced_persona ?? null,
    ...(context?.active_personas?.length ? { activePersonas: context.active_personas } : {}),
  };
}

/** A validated message of a request in the domain's words; `newId` is for one without an id. */
export function incomingMessage(
  message: WireMessage,
  newId: () => string,
  shared: SharedByMessages = {},
): IncomingMessage {
  return {
    messageId: message.message_id ?? newId(),
    role: message.role,
    content: message.content,
    name: message.name ?? null,
    timestamp: message.timestamp ?? null,
    metadata: message.metadata ?? shared.metadata ?? {},
    forcedPersona: shared.forcedPersona ?? null,
    ...(shared.activePersonas ? { activePersonas: shared.activePersonas } : {}),
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
