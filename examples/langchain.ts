import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { SimpleChatModel } from '@langchain/core/language_models/chat_models';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { ChatPromptTemplate, MessagesPlaceholder } from '@langchain/core/prompts';
import { RunnablePassthrough, RunnableWithMessageHistory } from '@langchain/core/runnables';
import { MemoryMessageHistory, MemoryRetriever } from 'agentic-memories/langchain';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

/** The examples' model as LangChain.js wants one. */
class ExampleChatModel extends SimpleChatModel {
  constructor(private readonly model: Model) {
    super({});
  }

  override _llmType(): string {
    return 'example';
  }

  override _call(messages: BaseMessage[]): Promise<string> {
    return this.model.generate(messages.map((message) => message.text).join('\n'));
  }

  override async *_streamResponseChunks(messages: BaseMessage[]): AsyncGenerator<ChatGenerationChunk> {
    for (const text of (await this._call(messages)).split(/(?<= )/))
      yield new ChatGenerationChunk({ text, message: new AIMessageChunk(text) });
  }
}

/** LangChain.js: a retriever brings memories into the prompt, and a history stores both turns of each call. */
run(async () => {
  const client = memoryClient();
  const userId = newUser('langchain');
  await client.store({
    user_id: userId,
    conversation_id: 'last-week',
    history: [{ role: 'user', content: 'My sister Lin moved to Oslo in May.' }],
  });

  const retriever = new MemoryRetriever({ client, userId, limit: 3, minRelevance: 0.5 });
  const prompt = ChatPromptTemplate.fromMessages([
    ['system', 'What you remember:\n{memories}'],
    new MessagesPlaceholder('history'),
    ['human', '{question}'],
  ]);
  const answering = RunnablePassthrough.assign({
    memories: async ({ question }: Record<string, unknown>) => {
      const documents = await retriever.invoke(String(question));
      return documents.map((document) => `- ${document.pageContent}`).join('\n');
    },
  })
    .pipe(prompt)
    .pipe(new ExampleChatModel(modelFromEnvironment()));
  const chat = new RunnableWithMessageHistory({
    runnable: answering,
    // Each call may have one of its own, as on a server: what was said is stored.
    getMessageHistory: (conversationId) => new MemoryMessageHistory({ client, userId, conversationId }),
    inputMessagesKey: 'question',
    historyMessagesKey: 'history',
  });

  const config = { configurable: { sessionId: 'today' } };
  const greeting = 'Hello there!';
  console.log(`user: ${greeting}`);
  const answer = await chat.invoke({ question: greeting }, config);
  console.log(`bot:  ${answer.text}`);

  const question = 'Where does my sister Lin live?';
  console.log(`user: ${question}`);
  process.stdout.write('bot:  ');
  for await (const chunk of await chat.stream({ question }, config)) process.stdout.write(chunk.text);
  const { appended_through: turns } = await client.conversation({
    user_id: userId,
    conversation_id: 'today',
  });
  console.log(`\n  (${turns} turns of today are stored)`);
});
