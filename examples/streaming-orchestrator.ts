import {
  AdaptiveMemoryOrchestrator,
  MessageEvent,
  MessageRole,
  RetrievalPolicy,
  type MemoryInjection,
} from 'agentic-memories/client';
import { modelFromEnvironment } from './model';
import { memoryClient, newUser, run } from './setting';

/** Turns stream in, memories come back by themselves the moment they matter. */
run(async () => {
  const userId = newUser('stream');
  const client = memoryClient();
  await client.store({
    user_id: userId,
    conversation_id: 'last-week',
    history: [{ role: 'user', content: 'I am allergic to peanuts.' }],
  });

  const model = modelFromEnvironment();
  const orchestrator = new AdaptiveMemoryOrchestrator({
    client,
    userId,
    retrievalPolicy: new RetrievalPolicy({ maxInjectionsPerMessage: 2 }),
  });
  const conversationId = 'today';
  const contextWindow: string[] = [];
  const onMemory = (injection: MemoryInjection): void => {
    contextWindow.push(injection.content);
    console.log(`  (remembered: ${injection.content})`);
  };
  const subscription = orchestrator.subscribeInjections(onMemory, { conversationId });
  try {
    for (const content of ['Hello there!', 'Which foods am I allergic to?']) {
      console.log(`user: ${content}`);
      await orchestrator.streamMessage(new MessageEvent({ conversationId, role: MessageRole.USER, content }));
      const remembered = contextWindow.map((one) => `- ${one}`).join('\n');
      const answer = await model.generate(`What you remember:\n${remembered}\n\nUser: ${content}`);
      console.log(`bot:  ${answer}`);
      await orchestrator.streamMessage(
        new MessageEvent({ conversationId, role: MessageRole.ASSISTANT, content: answer }),
      );
    }
  } finally {
    await orchestrator.shutdown();
    subscription.close();
  }
});
