import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AdaptiveMemoryOrchestrator, MemoryError, type MemoryClient } from 'agentic-memories/client';
import { FileQueue } from 'agentic-memories/client/file-queue';
import { modelFromEnvironment, type Model } from './model';
import { memoryClient, newUser, run } from './setting';

/** Goes on chatting while the memories are away: what is said waits in a file, and is stored once they are back. */
class ResilientMemoryChatbot {
  constructor(
    private readonly orchestrator: AdaptiveMemoryOrchestrator,
    private readonly memory: MemoryClient,
    private readonly model: Model,
  ) {}

  async chat(userId: string, conversationId: string, message: string): Promise<string> {
    const remembered = await this.remember(userId, message);
    const { queued } = await this.orchestrator.streamMessage({
      conversationId,
      role: 'user',
      content: message,
    });
    if (queued) console.log('  (the memories are away; this waits in a file)');
    return this.model.generate(`What you remember:\n${remembered}\n\nUser: ${message}`);
  }

  private async remember(userId: string, query: string): Promise<string> {
    try {
      const options = { timeoutMs: 2_000, maxRetries: 0 };
      const { results } = await this.memory.retrieve({ user_id: userId, query, limit: 5 }, options);
      return results.map((memory) => `- ${memory.content}`).join('\n');
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      return '';
    }
  }
}

run(async () => {
  const userId = newUser('resilient');
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'resilient-')), 'queue.ndjson');
  const conversationId = 'resilient-chat';
  const model = modelFromEnvironment();

  // An address where nobody answers stands for memories that are away.
  const away = new AdaptiveMemoryOrchestrator({
    baseUrl: 'http://127.0.0.1:9',
    userId,
    queue: { store: new FileQueue(file) },
  });
  const offline = new ResilientMemoryChatbot(away, memoryClient(), model);
  const first = 'My locker code is 4711.';
  console.log(`user: ${first}`);
  console.log(`bot:  ${await offline.chat(userId, conversationId, first)}`);
  const { unsent } = await away.shutdown();
  console.log(`  (stopped with ${unsent.length} message waiting)`);

  // The next process finds the file, and sends what is in it before anything new.
  const back = new AdaptiveMemoryOrchestrator({
    client: memoryClient(),
    userId,
    queue: { store: new FileQueue(file) },
  });
  await back.flush();
  const online = new ResilientMemoryChatbot(back, memoryClient(), model);
  const second = 'What is my locker code?';
  console.log(`user: ${second}`);
  console.log(`bot:  ${await online.chat(userId, conversationId, second)}`);
  await back.shutdown();
});
