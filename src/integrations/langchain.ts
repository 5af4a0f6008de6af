import { BaseListChatMessageHistory } from '@langchain/core/chat_history';
import { Document } from '@langchain/core/documents';
import { AIMessage, HumanMessage, SystemMessage, type BaseMessage } from '@langchain/core/messages';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import { MemoryClient, type ClientOptions, type Role } from '../client';

const DEFAULT_LIMIT = 5;
const NAMESPACE = ['agentic_memories'];

interface MemoryOptions extends ClientOptions {
  userId: string;
  /** Used instead of one made of the options above. */
  client?: MemoryClient;
}

export interface MemoryRetrieverInput extends MemoryOptions, Omit<BaseRetrieverInput, 'verbose'> {
  /** How many documents; default 5. */
  limit?: number;
  /** Documents below this relevance (0..1) are left out; default 0. */
  minRelevance?: number;
}

/** A user's memories as documents, the best first (LangChain.js). */
export class MemoryRetriever extends BaseRetriever {
  override lc_namespace = NAMESPACE;
  private readonly client: MemoryClient;

  constructor(private readonly options: MemoryRetrieverInput) {
    super(options);
    this.client = options.client ?? new MemoryClient(options);
  }

  static override lc_name(): string {
    return 'MemoryRetriever';
  }

  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { userId, limit = DEFAULT_LIMIT, minRelevance = 0 } = this.options;
    const { results } = await this.client.retrieve({ user_id: userId, query, limit });
    return results
      .filter((item) => item.relevance >= minRelevance)
      .map(
        ({ id, content, metadata, score, relevance, created_at: createdAt }) =>
          new Document({
            id,
            pageContent: content,
            metadata: { ...metadata, score, relevance, created_at: createdAt },
          }),
      );
  }
}

export interface MemoryMessageHistoryInput extends MemoryOptions {
  conversationId: string;
}

/**
 * The turns of one conversation (LangChain.js). What is added is remembered for good; `getMessages` gives what this
 * object was given, as a chat's window.
 */
export class MemoryMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = NAMESPACE;
  private readonly client: MemoryClient;
  private readonly window: BaseMessage[] = [];

  constructor(private readonly options: MemoryMessageHistoryInput) {
    super(options);
    this.client = options.client ?? new MemoryClient(options);
  }

  override async getMessages(): Promise<BaseMessage[]> {
    return [...this.window];
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const turns = messages.flatMap((message) => {
      const content = message.text.trim();
      // Calls of tools have no words of their own.
      return content === '' ? [] : [{ role: roleOf(message), content }];
    });
    const key = { user_id: this.options.userId, conversation_id: this.options.conversationId };
    if (turns.length > 0) await this.client.messages({ ...key, messages: turns });
    this.window.push(...messages);
  }

  /** Empties the window; what was said stays remembered. */
  override async clear(): Promise<void> {
    this.window.length = 0;
  }
}

function roleOf(message: BaseMessage): Role {
  if (HumanMessage.isInstance(message)) return 'user';
  if (AIMessage.isInstance(message)) return 'assistant';
  return SystemMessage.isInstance(message) ? 'system' : 'tool';
}
