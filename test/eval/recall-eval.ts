import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GENERAL_QUESTIONS, SMALL_TALK } from './everyday-talk';
import { readLocomo, type EvalConversation } from './locomo';
import { meanPercent, quantile, rankedTurns, recallAt, recallInTokens, type RankedTurn } from './measures';

const MESSAGES_A_REQUEST = 100;
const RETRIEVE_LIMIT = 30;
const THRESHOLD = 0.55;
const TOKENS = 1_000;
const INDEXED_DEADLINE_MS = 600_000;
const POLL_MS = 250;
const ADVERSARIAL = 5;
const CATEGORY_NAMES: Readonly<Record<number, string>> = {
  1: 'multi-hop',
  2: 'temporal',
  3: 'open',
  4: 'single-hop',
  5: 'adversarial',
};

const USAGE = `usage: npm run eval:recall -- --data FILE [--limit CONVERSATIONS] [--url URL] [--key KEY] [--out FILE]

Imports LoCoMo conversations over HTTP as users of their own, asks their questions and prints how much of the evidence
comes back. FILE is in LoCoMo's format; it is not part of this project (CC BY-NC 4.0).`;

interface Options {
  url: string;
  key: string;
  runId: string;
}

/** What was measured; shares are percentages. */
interface Report {
  questions: number;
  recall_at_10: number | null;
  recall_at_10_by_category: Record<string, number | null>;
  recall_in_1000_tokens: number | null;
  injected: Record<string, number | null>;
  retrieve_ms: { p50: number | null; p95: number | null };
  import_seconds: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      limit: { type: 'string' },
      url: { type: 'string', default: 'http://localhost:8080' },
      key: { type: 'string', default: '' },
      out: { type: 'string' },
    },
  });
  if (!values.data) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const conversations = readLocomo(values.data).slice(0, values.limit ? Number(values.limit) : undefined);
  const options = { url: values.url, key: values.key, runId: Date.now().toString(36) };
  const report = await evaluate(conversations, options);
  console.log(JSON.stringify(report, null, 2));
  if (values.out) writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`);
}

async function evaluate(conversations: readonly EvalConversation[], options: Options): Promise<Report> {
  const startedMs = performance.now();
  for (const conversation of conversations) await importConversation(conversation, options);
  const importSeconds = (performance.now() - startedMs) / 1_000;

  const byCategory = new Map<number, number[]>();
  const inTokens: number[] = [];
  const times: number[] = [];
  for (const conversation of conversations) {
    for (const question of conversation.questions) {
      const before = performance.now();
      const answer = await call<{ results: { memories: { matches: WireTurn[] }[] } }>(
        options,
        '/v1/retrieve',
        {
          user_id: userOf(conversation, options),
          query: question.text,
          limit: RETRIEVE_LIMIT,
        },
      );
      times.push(performance.now() - before);
      const turns = rankedTurns(
        answer.results.memories.map(({ matches }) => ({ matches: matches.map(ranked) })),
      );
      const known = byCategory.get(question.category) ?? [];
      byCategory.set(question.category, [...known, recallAt(10, turns, question.evidence)]);
      if (question.category !== ADVERSARIAL) inTokens.push(recallInTokens(TOKENS, turns, question.evidence));
    }
    console.error(`${conversation.id}: ${conversation.questions.length} questions asked`);
  }
  const main = [...byCategory]
    .filter(([category]) => category !== ADVERSARIAL)
    .flatMap(([, values]) => values);
  const categories = [...byCategory].sort(([a], [b]) => a - b);
  return {
    questions: times.length,
    recall_at_10: meanPercent(main),
    recall_at_10_by_category: Object.fromEntries(
      categories.map(([category, values]) => [CATEGORY_NAMES[category] ?? category, meanPercent(values)]),
    ),
    recall_in_1000_tokens: meanPercent(inTokens),
    injected: await calibration(conversations, options),
    retrieve_ms: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
    import_seconds: Math.round(importSeconds),
  };
}

/** Stores every turn, a conversation a session, and waits until all of it is indexed. */
async function importConversation(conversation: EvalConversation, options: Options): Promise<void> {
  const userId = userOf(conversation, options);
  const sessions = [...new Set(conversation.turns.map((turn) => turn.sessionId))];
  for (const session of sessions) {
    const messages = conversation.turns
      .filter((turn) => turn.sessionId === session)
      .map((turn) => ({
        message_id: turn.messageId,
        role: turn.name === conversation.names[0] ? 'user' : 'assistant',
        name: turn.name,
        content: turn.content,
        timestamp: turn.saidAt.toISOString(),
      }));
    for (let i = 0; i < messages.length; i += MESSAGES_A_REQUEST) {
      const body = { user_id: userId, messages: messages.slice(i, i + MESSAGES_A_REQUEST) };
      await call(options, `/v1/conversations/${session}/messages`, body);
    }
    await call(options, `/v1/conversations/${session}/flush?user_id=${encodeURIComponent(userId)}`, {});
  }
  for (const session of sessions) await untilIndexed(session, userId, options);
  console.error(`${conversation.id}: ${conversation.turns.length} turns indexed`);
}

async function untilIndexed(session: string, userId: string, options: Options): Promise<void> {
  const deadline = Date.now() + INDEXED_DEADLINE_MS;
  for (;;) {
    const path = `/v1/conversations/${session}?user_id=${encodeURIComponent(userId)}`;
    const state = await call<{ pending: number; failed: unknown[] }>(options, path);
    if (state.failed.length > 0) throw new Error(`${session}: ${JSON.stringify(state.failed)}`);
    if (state.pending === 0) return;
    if (Date.now() > deadline) throw new Error(`${session}: ${state.pending} messages are still pending`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The share of questions that something is relevant enough to be injected for: own ones, a stranger's, small talk. */
async function calibration(
  conversations: readonly EvalConversation[],
  options: Options,
): Promise<Record<string, number | null>> {
  const asked: Record<string, number[]> = { own: [], stranger: [], small_talk: [], general: [] };
  for (const [i, conversation] of conversations.entries()) {
    const userId = userOf(conversation, options);
    const answered = async (kind: string, text: string): Promise<void> => {
      const body = { conversation_id: 'calibration', query: text, metadata: { user_id: userId }, limit: 1 };
      const { injections } = await call<{ injections: { score: number }[] }>(
        options,
        '/v1/orchestrator/retrieve',
        body,
      );
      asked[kind]!.push((injections[0]?.score ?? 0) >= THRESHOLD ? 1 : 0);
    };
    const own = conversation.questions.filter((question) => question.category !== ADVERSARIAL);
    for (const question of own) await answered('own', question.text);
    const stranger = conversations[(i + 1) % conversations.length]!;
    if (stranger !== conversation)
      for (const question of stranger.questions) await answered('stranger', question.text);
    for (const text of SMALL_TALK) await answered('small_talk', text);
    for (const text of GENERAL_QUESTIONS) await answered('general', text);
  }
  return Object.fromEntries(Object.entries(asked).map(([kind, values]) => [kind, meanPercent(values)]));
}

interface WireTurn {
  message_id: string;
  content: string;
  score: number;
}

function ranked(turn: WireTurn): RankedTurn {
  return { messageId: turn.message_id, content: turn.content, score: turn.score };
}

/** A user of this run alone, so that runs do not find each other's memories. */
function userOf(conversation: EvalConversation, options: Options): string {
  return `eval-${options.runId}-${conversation.id}`;
}

async function call<Answer>(options: Options, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${options.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.key ? { authorization: `Bearer ${options.key}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
