import { EXTRACTION_SYSTEM } from '../../src/domain/extraction';
import { TELLING_SYSTEM } from '../../src/domain/telling';
import { poll } from '../support/poll';
import { isTelling, type StubLanguageModel } from '../support/stub-language-model';
import type { BenchStack } from './bench-stack';
import { JsonClient } from './requests';
import { withRecord } from './settle';
import { turnText } from './synthetic-talk';

const MESSAGES = 1_000;
const A_REQUEST = 20;
const DEADLINE_MS = 600_000;
/** Nothing more is asked once all is read and this has gone by without a question. */
const QUIET_MS = 20_000;
/** Nothing is left to be indexed, nor a window to be read. */
const ALL_READ = `
  SELECT NOT EXISTS (SELECT 1 FROM conversations WHERE indexed_through < appended_through)
     AND NOT EXISTS (SELECT 1 FROM extraction_windows WHERE status <> 'done' AND reason IS NOT NULL)
     AND EXISTS (SELECT 1 FROM extraction_windows) AS read`;

/** How often a language model is asked for a chat, and how long the questions are. */
export async function callsOfModel(
  stack: BenchStack,
  stub: StubLanguageModel,
  say: (line: string) => void,
): Promise<void> {
  const api = new JsonClient(stack.url, 1);
  // Other tags than were read make summaries anew: no less is asked of a real one.
  stub.persona = 'creativity';
  for (let from = 0; from < MESSAGES; from += A_REQUEST) {
    const messages = Array.from({ length: A_REQUEST }, (_, i) => ({
      role: 'user',
      content: turnText(from + i),
    }));
    await api.post('/v1/conversations/chat/messages', { user_id: 'asked', messages });
  }
  let asked = 0;
  let quietSince = performance.now();
  await withRecord(stack, (record) =>
    poll('the model is asked no more', DEADLINE_MS, async () => {
      const { rows } = await record.query<{ read: boolean }>(ALL_READ);
      if (stub.prompts.length > asked || !rows[0]!.read)
        [asked, quietSince] = [stub.prompts.length, performance.now()];
      return performance.now() - quietSince > QUIET_MS;
    }),
  );
  const chars = stub.prompts.map(
    (prompt) => prompt.length + (isTelling(prompt) ? TELLING_SYSTEM : EXTRACTION_SYSTEM).length,
  );
  const mean = chars.reduce((sum, one) => sum + one, 0) / chars.length;
  const tellings = stub.prompts.filter(isTelling).length;
  const aThousand = (calls: number): string => ((calls * 1_000) / MESSAGES).toFixed(0);
  say(
    `language model: ${aThousand(asked)} calls for 1,000 messages of one chat, ${aThousand(tellings)} of them for summaries; ${mean.toFixed(0)} characters a call on average, ${Math.max(...chars)} at most, instructions included`,
  );
  api.close();
}
