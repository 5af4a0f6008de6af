import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Role } from '../domain/message';

interface WireMessage {
  role: Role;
  content: string;
  name?: string | null | undefined;
  message_id?: string | null | undefined;
  timestamp?: Date | null | undefined;
  metadata?: Record<string, unknown> | null | undefined;
}

/** A validated message of a request in the domain's words; one without an id gets one. */
export function incomingMessage(
  message: WireMessage,
  shared: { metadata?: Record<string, unknown>; forcedPersona?: string | null } = {},
): IncomingMessage {
  return {
    messageId: message.message_id ?? randomUUID(),
    role: message.role,
    content: message.content,
    name: message.name ?? null,
    timestamp: message.timestamp ?? null,
    metadata: message.metadata ?? shared.metadata ?? {},
    forcedPersona: shared.forcedPersona ?? null,
  };
}
