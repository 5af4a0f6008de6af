import type { IncomingMessage } from '../../src/domain/message';

/** What a user says. */
export function saying(messageId: string, content = `text of ${messageId}`): IncomingMessage {
  return {
    messageId,
    role: 'user',
    content,
    name: null,
    timestamp: null,
    metadata: {},
    forcedPersona: null,
  };
}
