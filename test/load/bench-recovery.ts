import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchStack } from './bench-stack';
import { settle } from './settle';
import { turnText } from './synthetic-talk';

const PARTS = ['api', 'worker', 'temporal', 'weaviate', 'postgres'] as const;
const REQUEST_DEADLINE_MS = 8_000;
const RETRY_MS = 50;
const CALM_MS = 5_000;
const DEADLINE_MS = 180_000;

/** How long after kill -9 of a part a message is accepted again, and how long until one is searchable. */
export async function recoveryOfParts(stack: BenchStack, say: (line: string) => void): Promise<void> {
  const send = async (id: string, flush: boolean): Promise<{ flushed?: boolean } | null> => {
    const response = await fetch(`${stack.url}/v1/orchestrator/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        conversation_id: 'recovery',
        message_id: id,
        role: 'user',
        content: turnText(id.length),
        metadata: { user_id: 'recovering' },
        flush,
      }),
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
    });
    return response.ok ? ((await response.json()) as { flushed?: boolean }) : null;
  };
  const until = async (what: () => Promise<boolean>): Promise<number> => {
    const started = performance.now();
    while (performance.now() - started < DEADLINE_MS) {
      if (await what().catch(() => false)) return performance.now() - started;
      await sleep(RETRY_MS);
    }
    throw new Error(`not within ${DEADLINE_MS} ms`);
  };
  await until(async () => (await send('before', true))?.flushed === true);
  for (const part of PARTS) {
    await settle(stack);
    await sleep(CALM_MS);
    const before = stack.pidOf(part);
    process.kill(before, 'SIGKILL');
    const acceptedMs = await until(async () => (await send(`${part}-1`, false)) !== null);
    const laterMs = await until(async () => (await send(`${part}-2`, true))?.flushed === true);
    if (stack.pidOf(part) === before) throw new Error(`${part} was not killed`);
    const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
    say(
      `kill -9 of ${part}: a message is accepted ${seconds(acceptedMs)} s later, and searchable ${seconds(acceptedMs + laterMs)} s later`,
    );
  }
}
