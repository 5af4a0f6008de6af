import type { MemoryClient } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

interface State {
  activePersonas: string[];
  mood: string;
}

/** Carries from turn to turn which side of the person is active, and in what mood. */
class StatefulMemoryChatbot {
  private readonly states = new Map<string, State>();

  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async chat(userId: string, message: string): Promise<string> {
    const before = this.states.get(userId) ?? { activePersonas: [], mood: 'neutral' };
    const context = await this.memory.recall({
      user_id: userId,
      query: message,
      persona_context: { active_personas: before.activePersonas, mood: before.mood },
      include_narrative: true,
      limit: 5,
    });
    const state = { activePersonas: [context.persona.selected], mood: moodOf(message) };
    this.states.set(userId, state);
    await this.memory.store({ user_id: userId, history: [{ role: 'user', content: message }] });
    const remembered = context.results.memories.map((memory) => `- ${memory.content}`).join('\n');
    const answer = await this.model.generate(
      `The user is ${state.mood}, as ${state.activePersonas.join(', ')}.\nWhat you remember:\n${remembered}\n\nUser: ${message}`,
    );
    return `[${state.activePersonas.join(', ')}, ${state.mood}] ${answer}`;
  }
}

function moodOf(message: string): string {
  if (/happy|excited|great/i.test(message)) return 'positive';
  return /sad|worried|stressed/i.test(message) ? 'negative' : 'neutral';
}

run(async () => {
  const chatbot = new StatefulMemoryChatbot(memoryClient(), modelFromEnvironment());
  const userId = newUser('stateful');
  for (const message of ['I am excited: we got a puppy called Pepper!', 'What is our puppy called?']) {
    console.log(`user: ${message}`);
    console.log(`bot:  ${await chatbot.chat(userId, message)}`);
  }
});
