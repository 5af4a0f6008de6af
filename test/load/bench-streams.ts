import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../support/poll';
import { startReadyApi } from '../support/stack';
import type { BenchStack } from './bench-stack';
import { JsonClient, quantile } from './requests';

const STREAMS = 2_000;
const MESSAGES = 400;
const MESSAGES_PER_SECOND = 20;
const OPENING_AT_ONCE = 50;
const RECONNECT_MS = 500;
const DEADLINE_MS = 60_000;
/** The question itself becomes a memory too; of one user it is asked a few times only. */
const STREAMS_A_USER = 10;
const QUESTION = 'Which foods am I allergic to?';

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Opens many streams over two API processes, injects into some of them, then kills one process. */
export async function openStreams(stack: BenchStack, say: (line: string) => void): Promise<void> {
  const run = randomUUID();
  const second = await startReadyApi({ env: { ...stack.env, PORT: '0' } });
  const urls = [stack.url, second.url];
  const api = new JsonClient(stack.url, 16);
  const userOf = (place: number): string => `streams-${run}-${Math.floor(place / STREAMS_A_USER)}`;
  for (let place = 0; place < 2 * MESSAGES; place += STREAMS_A_USER)
    await api.post('/v1/store', {
      user_id: userOf(place),
      conversation_id: 'before',
      history: [{ role: 'user', content: 'I am allergic to peanuts.' }],
    });
  const followers = Array.from({ length: STREAMS }, (_, place) => new Follower(urls, place, userOf(place)));
  const started = performance.now();
  for (let from = 0; from < STREAMS; from += OPENING_AT_ONCE)
    await Promise.all(followers.slice(from, from + OPENING_AT_ONCE).map((one) => one.open()));
  say(
    `${STREAMS} streams opened over 2 API processes in ${((performance.now() - started) / 1_000).toFixed(1)} s`,
  );

  const half = await inject(api, followers.slice(0, MESSAGES), () => undefined);
  report('all processes well', half, followers, say);
  const killedAt = performance.now();
  const rest = await inject(api, followers.slice(MESSAGES, 2 * MESSAGES), (sent) => {
    if (sent === MESSAGES / 4) second.kill('SIGKILL');
  });
  await poll('all streams are open again', DEADLINE_MS, async () => followers.every((one) => one.isOpen));
  report('with kill -9 of one process on the way', rest, followers, say);
  say(
    `  every stream open again ${((performance.now() - killedAt) / 1_000).toFixed(1)} s after the round began`,
  );
  for (const follower of followers) follower.close();
  api.close();
}

interface Sent {
  conversationId: string;
  sentAt: number;
  answeredAt: number;
}

async function inject(
  api: JsonClient,
  followers: readonly Follower[],
  onSent: (count: number) => void,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const pending: Promise<void>[] = [];
  for (const [count, follower] of followers.entries()) {
    onSent(count);
    const sentAt = performance.now();
    const request = { conversation_id: follower.conversationId, role: 'user', content: QUESTION };
    const posted = api.post('/v1/orchestrator/message', {
      ...request,
      metadata: { user_id: follower.userId },
    });
    pending.push(
      posted.then((answer) => {
        const { injections } = JSON.parse(answer.body) as { injections: unknown[] };
        if (injections.length !== 1) throw new Error(`expected one injection, not ${injections.length}`);
        sent.push({ conversationId: follower.conversationId, sentAt, answeredAt: performance.now() });
      }),
    );
    await sleep(1_000 / MESSAGES_PER_SECOND);
  }
  await Promise.all(pending);
  const expected = new Set(followers);
  await poll('every injection is heard', DEADLINE_MS, async () =>
    [...expected].every((one) => one.heardAt.length > 0),
  );
  return sent;
}

function report(
  when: string,
  sent: readonly Sent[],
  followers: readonly Follower[],
  say: (line: string) => void,
): void {
  const heard = new Map(followers.map((one) => [one.conversationId, one.heardAt]));
  const fromSent = sent.map((one) => heard.get(one.conversationId)![0]! - one.sentAt);
  const fromAnswer = sent.map((one) => Math.max(0, heard.get(one.conversationId)![0]! - one.answeredAt));
  const repeats = followers.filter((one) => one.heardAt.length > 1).length;
  const total = followers.reduce((sum, one) => sum + one.heardAt.length, 0);
  say(
    `  ${when}: ${sent.length} injections; from the request to its reader p50 ${ms(quantile(fromSent, 0.5))} p95 ${ms(quantile(fromSent, 0.95))} max ${ms(Math.max(...fromSent))}; from the answer p95 ${ms(quantile(fromAnswer, 0.95))}; ${total} events so far on all ${followers.length} streams, ${repeats} with a repeat`,
  );
}

/** A reader that comes again with its last id, at the next process, when its stream ends. */
class Follower {
  readonly conversationId: string;
  readonly heardAt: number[] = [];
  isOpen = false;
  private lastId: string | undefined;
  private request: http.ClientRequest | undefined;
  private closed = false;

  constructor(
    private readonly urls: readonly string[],
    private attempt: number,
    readonly userId: string,
  ) {
    this.conversationId = `c-${attempt}`;
  }

  open(): Promise<void> {
    return new Promise((resolve) => {
      const url = `${this.urls[this.attempt % this.urls.length]}/v1/conversations/${this.conversationId}/injections?user_id=${this.userId}`;
      const headers = this.lastId === undefined ? {} : { 'Last-Event-ID': this.lastId };
      this.request = http.get(url, { agent: false, headers }, (response) => {
        this.isOpen = true;
        resolve();
        response.setEncoding('utf8');
        response.on('data', (text: string) => this.take(text));
        response.on('error', () => undefined);
      });
      this.request.on('error', () => undefined);
      this.request.on('close', () => {
        this.isOpen = false;
        this.attempt += 1;
        if (!this.closed) setTimeout(() => void this.open().then(resolve), RECONNECT_MS);
      });
    });
  }

  close(): void {
    this.closed = true;
    this.request?.destroy();
  }

  private take(text: string): void {
    // Events are short here: each comes in one piece.
    for (const line of text.split('\n')) {
      if (line.startsWith('id: ')) this.lastId = line.slice(4);
      if (line.startsWith('data: ')) this.heardAt.push(performance.now());
    }
  }
}
