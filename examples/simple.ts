import type { MemoryClient } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

/** Store what is said, find what matters, answer: the whole idea in one class. */
class SimpleMemoryChatbot {
  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async chat(userId: string, message: string): Promise<string> {
    const { results } = await this.memory.retrieve({ user_id: userId, query: message, limit: 5 });
    await this.memory.store({ user_id: userId, history: [{ role: 'user', content: message }] });
    const context = results.map((memory) => `- ${memory.content}`).join('\n');
    const answer = await this.model.generate(`What you remember:\n${context}\n\nUser: ${message}\nAnswer:`);
    await this.memory.store({ user_id: userId, history: [{ role: 'assistant', content: answer }] });
    return answer;
  }
}

run(async () => {
  const chatbot = new SimpleMemoryChatbot(memoryClient(), modelFromEnvironment());
  const userId = newUser('simple');
  for (const message of ['I bought ten shares of ACME in May.', 'Which shares did I buy?']) {
    console.log(`user: ${message}`);
    console.log(`bot:  ${await chatbot.chat(userId, message)}`);
  }
});
