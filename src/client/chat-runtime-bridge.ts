import { MemoryClient } from './memory-client';
import { memoryInjection, type MemoryInjection, type MessageRole } from './message-event';
import type { CallOptions, ClientOptions } from './transport';
import type { StreamedTranscript } from './wire';

/** A turn of a transcript. */
export class Message {
  readonly role: MessageRole;
  readonly content: string;
  readonly name: string | undefined;
  readonly messageId: string | undefined;
  readonly timestamp: Date | string | undefined;

  constructor(init: {
    role: MessageRole;
    content: string;
    name?: string | undefined;
    messageId?: string | undefined;
    timestamp?: Date | string | undefined;
  }) {
    this.role = init.role;
    this.content = init.content;
    this.name = init.name;
    this.messageId = init.messageId;
    this.timestamp = init.timestamp;
  }
}

export interface TranscriptRequestInit {
  userId: string;
  /** 1 to 1,000 turns. */
  history: readonly ConstructorParameters<typeof Message>[0][];
  /** Without it the transcript belongs to the conversation named in the metadata, else to the user's own. */
  conversationId?: string | undefined;
  metadata?: Record<string, string> | undefined;
}

/** A conversation that has taken place. */
export class TranscriptRequest implements TranscriptRequestInit {
  readonly userId: string;
  readonly history: TranscriptRequestInit['history'];
  readonly conversationId: string | undefined;
  readonly metadata: Record<string, string> | undefined;

  constructor(init: TranscriptRequestInit) {
    this.userId = init.userId;
    this.history = init.history;
    this.conversationId = init.conversationId;
    this.metadata = init.metadata;
  }
}

/** Replays whole transcripts as if they were streamed turn by turn. */
export class ChatRuntimeBridge {
  private readonly client: MemoryClient;

  constructor(options: ClientOptions & { client?: MemoryClient } = {}) {
    this.client = options.client ?? new MemoryClient(options);
  }

  /** Stores a transcript. @returns the API's answer, injections and all */
  ingestTranscript(request: TranscriptRequestInit, options?: CallOptions): Promise<StreamedTranscript> {
    const { userId, history, conversationId, metadata } = request;
    const turns = history.map(({ role, content, name, messageId, timestamp }) => ({
      role,
      content,
      ...(name === undefined ? {} : { name }),
      ...(messageId === undefined ? {} : { message_id: messageId }),
      ...(timestamp === undefined
        ? {}
        : { timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp }),
    }));
    const where = conversationId === undefined ? {} : { conversation_id: conversationId };
    return this.client.streamTranscript(
      { user_id: userId, history: turns, ...where, ...(metadata ? { metadata } : {}) },
      options,
    );
  }

  /** Stores a transcript. @returns every memory that its turns bring up, in order */
  async runWithInjections(request: TranscriptRequestInit, options?: CallOptions): Promise<MemoryInjection[]> {
    return (await this.ingestTranscript(request, options)).injections.map(memoryInjection);
  }
}
