import type { MemoryClient, Recalled } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

/** Advice that knows what the user holds. */
class FinancialAdvisorChatbot {
  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async advise(userId: string, query: string): Promise<string> {
    const context = await this.memory.recall({
      user_id: userId,
      query,
      persona_context: { forced_persona: 'finance', mood: 'analytical' },
      granularity: 'episodic',
      include_narrative: true,
      explain: true,
      limit: 10,
    });
    return this.model.generate(
      `The user's financial history: ${context.results.narrative ?? ''}

Holdings:
${holdings(context)}

What you remember:
${context.results.memories.map((memory) => `- ${memory.content}`).join('\n')}

Give advice on: ${query}`,
    );
  }
}

/** The memories in which something was bought, sold or aimed for. */
function holdings(context: Recalled): string {
  return context.results.memories
    .filter((memory) => 'portfolio' in memory.metadata)
    .map((memory) => `- ${memory.content}`)
    .join('\n');
}

run(async () => {
  const memory = memoryClient();
  const userId = newUser('finance');
  await memory.store({
    user_id: userId,
    history: [
      { role: 'user', content: 'I bought 40 shares of ACME at 25 dollars.' },
      { role: 'user', content: 'My goal is to save 10,000 euros for a house.' },
    ],
    persona_context: { forced_persona: 'finance' },
  });
  const chatbot = new FinancialAdvisorChatbot(memory, modelFromEnvironment());
  const query = 'Should I buy more shares of ACME?';
  console.log(`user: ${query}`);
  console.log(`bot:  ${await chatbot.advise(userId, query)}`);
});
