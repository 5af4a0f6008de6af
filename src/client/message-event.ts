import type { Injection, Role } from './wire';

export type MessageRole = Role;

/** Who speaks. `MessageRole(text)` takes one from outside. @throws TypeError for a role that there is not */
export const MessageRole = Object.assign(
  (text: string): MessageRole => {
    const role = Object.values(ROLES).find((one) => one === text);
    if (role === undefined)
      throw new TypeError(`"${text}" is no role; there are ${Object.values(ROLES).join(', ')}`);
    return role;
  },
  { USER: 'user', ASSISTANT: 'assistant', SYSTEM: 'system', TOOL: 'tool' } as const,
);
const ROLES = { ...MessageRole } as Record<string, Role>;

export interface MessageEventInit {
  conversationId: string;
  role: MessageRole;
  content: string;
  /** Made here when missing, so that sending again is safe. */
  messageId?: string | undefined;
  /** `user_id` says whose conversation it is; without it the conversation stands for the user. */
  metadata?: Record<string, string> | undefined;
  /** When it was said. */
  timestamp?: Date | string | undefined;
  name?: string | undefined;
}

/** One turn of a chat. */
export class MessageEvent implements MessageEventInit {
  readonly conversationId: string;
  readonly role: MessageRole;
  readonly content: string;
  readonly messageId: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly timestamp: Date | string | undefined;
  readonly name: string | undefined;

  constructor(init: MessageEventInit) {
    this.conversationId = init.conversationId;
    this.role = init.role;
    this.content = init.content;
    this.messageId = init.messageId;
    this.metadata = init.metadata;
    this.timestamp = init.timestamp;
    this.name = init.name;
  }
}

/** A memory that a turn brings up. */
export interface MemoryInjection {
  memoryId: string;
  content: string;
  source: 'short_term' | 'long_term' | 'system';
  channel: string;
  /** Relevance, 0..1. */
  score: number;
  metadata: { layer: string; conversation_id: string };
}

/** From the API's words. */
export function memoryInjection({ memory_id: memoryId, ...rest }: Injection): MemoryInjection {
  return { memoryId, ...rest };
}
