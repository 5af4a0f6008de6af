import { AdaptiveMemoryOrchestrator } from '../../src/client';
import { FileQueue } from '../../src/client/file-queue';

/** A chat with a file queue, as a process that can be killed: `node queue-chat.js URL FILE FROM TO PACE_MS`, says `taken N`. */
async function main([url, file, from, to, paceMs]: string[]): Promise<void> {
  const orchestrator = new AdaptiveMemoryOrchestrator({
    baseUrl: url!,
    userId: 'ada',
    queue: { store: new FileQueue(file!) },
  });
  for (let i = Number(from); i < Number(to); i += 1) {
    await orchestrator.streamMessage({
      conversationId: 'chat',
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: `message ${i}`,
      messageId: `m${i}`,
    });
    process.stdout.write(`taken ${i}\n`);
    await new Promise((resolve) => setTimeout(resolve, Number(paceMs)));
  }
  // Its messages wait for the server; only what is sent may end it.
  while (orchestrator.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await orchestrator.shutdown();
}

void main(process.argv.slice(2));
