import type { HistoryMessage, MemoryClient } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

const PERSONAS = ['finance', 'health', 'work', 'identity'];
const TURNS_KEPT = 10;

/** Looks at a question from every side of the person at once. */
class MultiPersonaChatbot {
  private readonly conversations = new Map<string, HistoryMessage[]>();

  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async processMessage(userId: string, message: string): Promise<string> {
    const conversation = this.conversations.get(userId) ?? [];
    conversation.push({ role: 'user', content: message });
    const sides = await Promise.all(PERSONAS.map((persona) => this.sideOf(userId, message, persona)));
    const answer = await this.model.generate(
      `Conversation so far:
${conversation.map((turn) => `${turn.role}: ${turn.content}`).join('\n')}

What you remember:
${sides.filter((side) => side !== '').join('\n')}

Answer: ${message}`,
    );
    conversation.push({ role: 'assistant', content: answer });
    this.conversations.set(userId, conversation.slice(-TURNS_KEPT));
    await this.memory.store({ user_id: userId, history: conversation.slice(-2) });
    return answer;
  }

  private async sideOf(userId: string, query: string, persona: string): Promise<string> {
    const { results } = await this.memory.recall({
      user_id: userId,
      query,
      persona_context: { forced_persona: persona },
      granularity: 'episodic',
      include_narrative: true,
      limit: 3,
    });
    if (results.memories.length === 0) return '';
    return [`${persona}:`, ...results.memories.map((memory) => `- ${memory.content}`)].join('\n');
  }
}

run(async () => {
  const chatbot = new MultiPersonaChatbot(memoryClient(), modelFromEnvironment());
  const userId = newUser('multi');
  for (const message of ['My project deadline is on Friday.', 'When is my project deadline?']) {
    console.log(`user: ${message}`);
    console.log(`bot:  ${await chatbot.processMessage(userId, message)}`);
  }
});
