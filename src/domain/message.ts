export const ROLES = ['user', 'assistant', 'system', 'tool'] as const;
export type Role = (typeof ROLES)[number];

/** A conversation belongs to one user of one namespace; the same id under another user is another conversation. */
export interface ConversationRef {
  namespace: string;
  userId: string;
  conversationId: string;
}

/** A message as a caller sends it, already validated. */
export interface IncomingMessage {
  /** Known to the caller, or made by us; unique within the conversation. */
  messageId: string;
  role: Role;
  content: string;
  name: string | null;
  /** When it was said, if the caller knows; null means "when it came in". */
  timestamp: Date | null;
  metadata: Record<string, unknown>;
  /** `persona_context.forced_persona` of the request it came with. */
  forcedPersona: string | null;
  /** `persona_context.active_personas` of that request. */
  activePersonas?: readonly string[];
}

/** A stored message. */
export interface Turn extends IncomingMessage {
  /** 1, 2, 3 … without gaps within its conversation. */
  seq: number;
  /** When we stored it, by Postgres' clock. */
  storedAt: Date;
}

/** When a turn was said: its own time, else its arrival. */
export function saidAt(turn: Pick<Turn, 'timestamp' | 'storedAt'>): Date {
  return turn.timestamp ?? turn.storedAt;
}

/** What a batched transcript calls the speaker of a turn. */
export function speakerOf(turn: Pick<Turn, 'name' | 'role'>): string {
  return turn.name ?? turn.role;
}

/** What a raw memory of these turns says: the text of a single one, or of several one `name-or-role: text` a line. */
export function textOfTurns(turns: readonly Pick<Turn, 'name' | 'role' | 'content'>[]): string {
  return turns.length === 1
    ? turns[0]!.content
    : turns.map((turn) => `${speakerOf(turn)}: ${turn.content}`).join('\n');
}
