import type { MemoryClient, Recalled } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

const KEYWORDS: Record<string, string[]> = {
  finance: ['invest', 'stock', 'portfolio', 'trading', 'finance', 'money', 'budget'],
  health: ['fitness', 'health', 'exercise', 'gym', 'diet', 'workout'],
  work: ['work', 'project', 'meeting', 'deadline', 'career'],
};

/** The side of a person that a message speaks to. */
export function detectPersona(message: string): string {
  const lower = message.toLowerCase();
  const found = Object.entries(KEYWORDS).find(([, words]) => words.some((word) => lower.includes(word)));
  return found?.[0] ?? 'identity';
}

/** Stores and recalls as one side of the person: what a finance question brings up is not what a health question does. */
class PersonaAwareChatbot {
  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async processMessage(userId: string, message: string): Promise<string> {
    const persona = detectPersona(message);
    const { results } = await this.recall(userId, message, persona);
    await this.store(userId, 'user', message, persona);
    const answer = await this.model.generate(
      `You are a ${persona} specialist.
What the user did lately: ${results.narrative ?? ''}
What you remember:
${results.memories.map((memory) => `- ${memory.content}`).join('\n')}

User: ${message}`,
    );
    await this.store(userId, 'assistant', answer, persona);
    return `[${persona}] ${answer}`;
  }

  private recall(userId: string, query: string, persona: string): Promise<Recalled> {
    return this.memory.recall({
      user_id: userId,
      query,
      persona_context: { forced_persona: persona, mood: 'conversational' },
      granularity: 'episodic',
      include_narrative: true,
      limit: 5,
    });
  }

  private async store(userId: string, role: 'user' | 'assistant', content: string, persona: string) {
    await this.memory.store({
      user_id: userId,
      history: [{ role, content }],
      persona_context: { forced_persona: persona },
    });
  }
}

run(async () => {
  const chatbot = new PersonaAwareChatbot(memoryClient(), modelFromEnvironment());
  const userId = newUser('persona');
  const messages = [
    'I invest 200 euros in index funds every month.',
    'My workout is an hour of rowing on Mondays.',
    'How much money do I invest every month?',
  ];
  for (const message of messages) {
    console.log(`user: ${message}`);
    console.log(`bot:  ${await chatbot.processMessage(userId, message)}`);
  }
});
