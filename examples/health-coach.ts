import type { Item, MemoryClient } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

/** Coaching that knows how the user felt about it. */
class HealthCoachChatbot {
  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async advise(userId: string, query: string): Promise<string> {
    const { results } = await this.memory.recall({
      user_id: userId,
      query,
      persona_context: { forced_persona: 'health', mood: 'motivated' },
      granularity: 'episodic',
      include_narrative: true,
      limit: 8,
    });
    return this.model.generate(
      `The user's health journey: ${results.narrative ?? ''}

What you remember, and how it felt:
${results.memories.map(withFeeling).join('\n')}

Give advice on: ${query}`,
    );
  }
}

function withFeeling({ content, emotional_signature: felt }: Item): string {
  return `- ${content}${felt ? ` (${felt.emotion}, intensity ${felt.intensity.toFixed(1)})` : ''}`;
}

run(async () => {
  const memory = memoryClient();
  const userId = newUser('health');
  await memory.store({
    user_id: userId,
    history: [
      { role: 'user', content: 'I ran my first marathon in Oslo, and I was so happy!' },
      { role: 'user', content: 'My knee hurts after long runs, which worries me.' },
    ],
    persona_context: { forced_persona: 'health' },
  });
  const chatbot = new HealthCoachChatbot(memory, modelFromEnvironment());
  const query = 'How do I train for the next marathon with my knee?';
  console.log(`user: ${query}`);
  console.log(`bot:  ${await chatbot.advise(userId, query)}`);
});
