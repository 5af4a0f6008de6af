import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { withMemory } from 'agentic-memories/ai';
import { generateText, streamText } from 'ai';
import { modelService } from './model-service';
import { memoryClient, newUser, run } from './setting';

/** Vercel AI SDK: the model itself remembers; what calls it need not know. */
run(async () => {
  const memory = memoryClient();
  const userId = newUser('ai-sdk');
  const service = await modelService();
  const provider = createOpenAICompatible({
    name: 'example',
    baseURL: service.url,
    apiKey: service.apiKey,
  });
  const modelIn = (conversationId: string) =>
    withMemory(provider(service.model), { client: memory, userId, conversationId });
  try {
    const said = 'I am allergic to peanuts.';
    console.log(`user: ${said}`);
    const { text } = await generateText({ model: modelIn('monday'), prompt: said });
    console.log(`bot:  ${text}`);
    // By itself it would be found within the flush window; another day is another conversation.
    await memory.flush({ user_id: userId, conversation_id: 'monday' });

    const question = 'Which foods am I allergic to?';
    console.log(`user: ${question}`);
    process.stdout.write('bot:  ');
    const { textStream } = streamText({ model: modelIn('tuesday'), prompt: question });
    for await (const piece of textStream) process.stdout.write(piece);
    const { appended_through: turns } = await memory.conversation({
      user_id: userId,
      conversation_id: 'tuesday',
    });
    console.log(`\n  (${turns} turns of tuesday are stored)`);
  } finally {
    service.close();
  }
});
