import { BaseListChatMessageHistory } from '@langchain/core/chat_history';
import { Document } from '@langchain/core/documents';
import { AIMessage, HumanMessage, SystemMessage, type BaseMessage } from '@langchain/core/messages';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import { MemoryClient, type ClientOptions, type NewMessage, type Role, type Turn } from '../client';
import { newId } from '../client/ids';

const DEFAULT_LIMIT = 5;
const DEFAULT_TURNS = 100;
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
  /** How many of the latest stored turns `getMessages` gives, 1 to 1,000; default 100. */
  limit?: number;
}

/**
 * The turns of one conversation (LangChain.js), as they are stored: whoever makes another history of the same
 * conversation, here or in another process, goes on with it. Messages without words, such as calls of tools, are not
 * stored, nor are a tool's answers given back without their calls: those this object was given itself are.
 */
export class MemoryMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = NAMESPACE;
  private readonly client: MemoryClient;
  private readonly key: { user_id: string; conversation_id: string };
  /** What this object was given, by the id that it is stored with: a message, and those without words before it. */
  private readonly given = new Map<string, BaseMessage[]>();
  /** Those without words that no other has followed yet. */
  private trailing: BaseMessage[] = [];
  /** Turns up to this one are no longer shown. */
  private clearedThrough = 0;

  constructor(private readonly options: MemoryMessageHistoryInput) {
    super(options);
    this.client = options.client ?? new MemoryClient(options);
    this.key = { user_id: options.userId, conversation_id: options.conversationId };
  }

  override async getMessages(): Promise<BaseMessage[]> {
    const { limit = DEFAULT_TURNS } = this.options;
    const { messages } = await this.client.turns({ ...this.key, limit });
    const stored = messages.filter(({ seq }) => seq > this.clearedThrough);
    return [
      ...stored.flatMap((turn) => this.given.get(turn.message_id) ?? messagesOf(turn)),
      ...this.trailing,
    ];
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const groups = new Map<string, BaseMessage[]>();
    const turns: NewMessage[] = [];
    let wordless = this.trailing;
    for (const message of messages) {
      wordless = [...wordless, message];
      const content = message.text.trim();
      if (content === '') continue;
      const messageId = newId();
      const name = message.name ? { name: message.name } : {};
      turns.push({ role: roleOf(message), content, message_id: messageId, ...name });
      groups.set(messageId, wordless);
      wordless = [];
    }
    if (turns.length > 0) await this.client.messages({ ...this.key, messages: turns });
    for (const [messageId, group] of groups) this.given.set(messageId, group);
    this.trailing = wordless;
  }

  /** Shows nothing of what was said so far any more; it stays remembered, and another object shows it again. */
  override async clear(): Promise<void> {
    const { messages } = await this.client.turns({ ...this.key, limit: 1 });
    this.clearedThrough = messages.at(-1)?.seq ?? this.clearedThrough;
    this.given.clear();
    this.trailing = [];
  }
}

/** What a turn is to a model; nothing for a tool's answer, which none takes without the call. */
function messagesOf({ role, content, message_id: id, name }: Turn): BaseMessage[] {
  const fields = { content, id, ...(name === null ? {} : { name }) };
  if (role === 'tool') return [];
  if (role === 'system') return [new SystemMessage(fields)];
  return [role === 'user' ? new HumanMessage(fields) : new AIMessage(fields)];
}

function roleOf(message: BaseMessage): Role {
  if (HumanMessage.isInstance(message)) return 'user';
  if (AIMessage.isInstance(message)) return 'assistant';
  return SystemMessage.isInstance(message) ? 'system' : 'tool';
}
