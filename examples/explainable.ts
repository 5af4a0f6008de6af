import type { MemoryClient, Recalled } from 'agentic-memories/client';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

interface Explained {
  response: string;
  persona: Recalled['persona'];
  explanation: Recalled['explainability'];
}

/** Answers, and says which memories it used and why. */
class ExplainableMemoryChatbot {
  constructor(
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async chat(userId: string, message: string): Promise<Explained> {
    const context = await this.memory.recall({
      user_id: userId,
      query: message,
      include_narrative: true,
      explain: true,
      limit: 5,
    });
    const remembered = context.results.memories.map((memory) => `- ${memory.content}`).join('\n');
    const response = await this.model.generate(`What you remember:\n${remembered}\n\nUser: ${message}`);
    return { response, persona: context.persona, explanation: context.explainability };
  }
}

run(async () => {
  const memory = memoryClient();
  const userId = newUser('explain');
  await memory.store({
    user_id: userId,
    history: [
      { role: 'user', content: 'My sister Lin moved to Oslo in May.' },
      { role: 'user', content: 'I play the cello on Tuesdays.' },
    ],
  });
  const chatbot = new ExplainableMemoryChatbot(memory, modelFromEnvironment());
  const message = 'Where did my sister Lin move?';
  const { response, persona, explanation } = await chatbot.chat(userId, message);
  console.log(`user: ${message}`);
  console.log(`bot:  ${response}`);
  console.log(`seen as ${persona.selected}, weights ${JSON.stringify(explanation?.weights)}`);
  for (const link of explanation?.source_links ?? [])
    console.log(`  because of ${link.id}: score ${link.score.toFixed(2)}, ${link.reason}`);
});
