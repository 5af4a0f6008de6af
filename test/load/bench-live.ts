import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchStack } from './bench-stack';
import { JsonClient, openLoop, quantile } from './requests';
import { settle } from './settle';
import { question, turnText } from './synthetic-talk';

/** How long a rate is held, and which one; without one it is looked for. */
const HOLD_SECONDS = Number(process.env['BENCH_LIVE_SECONDS'] ?? 600);
const GIVEN_RATE = Number(process.env['BENCH_LIVE_RATE'] ?? 0);
const RATES = [5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100];
const PROBE_SECONDS = 25;
const WARM_UP_SECONDS = 5;
const CONVERSATIONS = 200;
const CONNECTIONS = 64;
const MAX_P99_MS = 250;
const SAMPLE_MS = 2_000;
/** A batch that was cut waits for nothing but a worker. */
const MAX_INDEXING_AGE_S = 10;
/** The flush window of a conversation that says nothing more, and as long again as half of it for the work. */
const MAX_BUFFERING_AGE_S = 45;

interface Held {
  p50: number;
  p99: number;
  failures: number;
  indexingAgeS: number;
  bufferingAgeS: number;
  holds: boolean;
}

/**
 * Prints at what rate of live messages p99 stays below 250 ms and nothing queues up: every second is a user's, which
 * is answered with injections; all are indexed by the local embedder on the same machine.
 */
export async function holdLiveRate(stack: BenchStack, say: (line: string) => void): Promise<void> {
  await live(stack, RATES[0]!, WARM_UP_SECONDS);
  let rates = GIVEN_RATE > 0 ? [GIVEN_RATE] : [];
  if (GIVEN_RATE === 0)
    for (const rate of RATES) {
      const probe = await live(stack, rate, PROBE_SECONDS);
      say(`probe: ${told(rate, PROBE_SECONDS, probe)}`);
      if (!probe.holds) break;
      // The highest first.
      rates = [rate, ...rates];
    }
  for (const rate of rates) {
    const held = await live(stack, rate, HOLD_SECONDS);
    say(told(rate, HOLD_SECONDS, held));
    if (held.holds) return;
  }
  say('no rate held');
}

function told(rate: number, seconds: number, held: Held): string {
  const { p50, p99, failures, indexingAgeS, bufferingAgeS, holds } = held;
  return `${rate} live messages/s for ${seconds} s over ${CONVERSATIONS} conversations ${holds ? 'hold' : 'do NOT hold'}: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms (wanted: below ${MAX_P99_MS}), ${failures} failures; the oldest pending message waited ${bufferingAgeS.toFixed(0)} s for its batch (at most ${MAX_BUFFERING_AGE_S}) and ${indexingAgeS.toFixed(0)} s in it (at most ${MAX_INDEXING_AGE_S})`;
}

async function live(stack: BenchStack, ratePerSecond: number, seconds: number): Promise<Held> {
  const client = new JsonClient(stack.url, CONNECTIONS);
  let ended = false;
  let [indexingAgeS, bufferingAgeS] = [0, 0];
  const watch = async (): Promise<void> => {
    while (!ended) {
      await sleep(SAMPLE_MS);
      const text = await (await fetch(`${stack.url}/metrics`)).text();
      const age = (phase: string): number =>
        Number(
          new RegExp(`^agentic_memories_oldest_pending_age_seconds\\{phase="${phase}"\\} (.*)$`, 'm').exec(
            text,
          )?.[1] ?? 0,
        );
      indexingAgeS = Math.max(indexingAgeS, age('indexing'));
      bufferingAgeS = Math.max(bufferingAgeS, age('buffering'));
    }
  };
  const watching = watch();
  watching.catch(() => undefined);
  const result = await openLoop({ ratePerSecond, durationMs: seconds * 1_000 }, (i) => {
    const place = Math.floor(i / 2) % CONVERSATIONS;
    return client.post('/v1/orchestrator/message', {
      conversation_id: `live-${place}`,
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: i % 4 === 0 ? question(i) : turnText(i),
      metadata: { user_id: `live-user-${place}` },
    });
  });
  ended = true;
  await watching;
  client.close();
  await settle(stack);
  const [p50, p99] = [quantile(result.latenciesMs, 0.5), quantile(result.latenciesMs, 0.99)];
  const { failures } = result;
  const waits = indexingAgeS > MAX_INDEXING_AGE_S || bufferingAgeS > MAX_BUFFERING_AGE_S;
  return {
    p50,
    p99,
    failures,
    indexingAgeS,
    bufferingAgeS,
    holds: p99 < MAX_P99_MS && failures === 0 && !waits,
  };
}
