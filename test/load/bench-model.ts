import { poll } from '../support/poll';
import type { StubLanguageModel } from '../support/stub-language-model';
import type { BenchStack } from './bench-stack';
import { JsonClient } from './requests';
import { turnText } from './synthetic-talk';

const MESSAGES = 1_000;
const A_REQUEST = 20;
const DEADLINE_MS = 180_000;
/** Nothing more is asked once this has gone by without a question. */
const QUIET_MS = 20_000;

/** How often a language model is asked for a chat, and how long the questions are. */
export async function callsOfModel(
  stack: BenchStack,
  stub: StubLanguageModel,
  say: (line: string) => void,
): Promise<void> {
  const api = new JsonClient(stack.url, 1);
  for (let from = 0; from < MESSAGES; from += A_REQUEST) {
    const messages = Array.from({ length: A_REQUEST }, (_, i) => ({
      role: 'user',
      content: turnText(from + i),
    }));
    await api.post('/v1/conversations/chat/messages', { user_id: 'asked', messages });
  }
  let asked = 0;
  let quietSince = performance.now();
  await poll('the model is asked no more', DEADLINE_MS, async () => {
    if (stub.prompts.length > asked) [asked, quietSince] = [stub.prompts.length, performance.now()];
    return asked > 0 && performance.now() - quietSince > QUIET_MS;
  });
  const chars = stub.prompts.map((prompt) => prompt.length);
  const mean = chars.reduce((sum, one) => sum + one, 0) / chars.length;
  say(
    `language model: ${((asked * 1_000) / MESSAGES).toFixed(0)} calls for 1,000 messages of one chat, summaries included; prompts of ${mean.toFixed(0)} characters on average, ${Math.max(...chars)} at most`,
  );
  api.close();
}
