import { parseArgs } from 'node:util';
import { episodeBudgetWords } from '../../src/domain/summary-budget';
import { wordCount } from '../../src/domain/words';
import { createExtractiveSummarizer } from '../../src/models/extractive/extractive-summarizer';
import { backgroundShare } from '../../src/recall/background/share';
import { termsOf } from '../../src/recall/terms';
import { readLocomo, type EvalConversation, type EvalTurn } from './locomo';
import { meanPercent } from './measures';
import { contentRecall, greedyCover } from './summary-measure';

const USAGE = `usage: npm run eval:summaries -- --data FILE [--url URL] [--key KEY]

Summarizes each session of LoCoMo conversations and prints how many of the content words of its reference summary the
summary has, cut to the reference's number of words; beside it what two simple summaries have. Without --url each
session is one episode, summarized in this process; with it, conversations are imported over HTTP as users of their own,
and the summaries of a session's episodes are taken in their order. FILE is in LoCoMo's format; it is not part of this
project (CC BY-NC 4.0).`;

const SUMMARIES_DEADLINE_MS = 600_000;
const POLL_MS = 1_000;

/** Shares in percent. */
interface Row {
  summary: number | null;
  greedy_cover: number | null;
  first_words: number | null;
}

interface Scores {
  summary: number[];
  greedy: number[];
  first: number[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, url: { type: 'string' }, key: { type: 'string', default: '' } },
  });
  if (!values.data) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const scores: Record<string, Scores> = {};
  const wordsOfSummaries: number[] = [];
  for (const conversation of readLocomo(values.data)) {
    const of: Scores = { summary: [], greedy: [], first: [] };
    scores[conversation.id] = of;
    const imported = values.url ? await summariesOverHttp(conversation, values.url, values.key) : null;
    for (const [sessionId, reference] of conversation.summaries) {
      const turns = conversation.turns.filter((turn) => turn.sessionId === sessionId);
      if (turns.length === 0) continue;
      const summary = imported?.get(sessionId) ?? (await summaryOf(turns));
      wordsOfSummaries.push(wordCount(summary));
      const texts = turns.map((turn) => turn.content);
      of.summary.push(contentRecall(summary, reference));
      of.greedy.push(contentRecall(greedyCover(texts, wordCount(reference)), reference));
      of.first.push(contentRecall(texts.join(' '), reference));
    }
  }
  const row = (some: readonly Scores[]): Row => ({
    summary: meanPercent(some.flatMap((one) => one.summary)),
    greedy_cover: meanPercent(some.flatMap((one) => one.greedy)),
    first_words: meanPercent(some.flatMap((one) => one.first)),
  });
  const report = {
    sessions: wordsOfSummaries.length,
    longest_summary_words: Math.max(0, ...wordsOfSummaries),
    all: row(Object.values(scores)),
    conversations: Object.fromEntries(Object.entries(scores).map(([id, of]) => [id, row([of])])),
  };
  console.log(JSON.stringify(report, null, 2));
}

async function summaryOf(turns: readonly EvalTurn[]): Promise<string> {
  const summarizer = createExtractiveSummarizer({ termsOf, share: backgroundShare });
  const words = turns.reduce((sum, turn) => sum + wordCount(turn.content), 0);
  const { frame, sentences } = await summarizer.episode(
    turns.map((turn) => ({ ...turn, memoryId: turn.messageId, role: 'user' as const })),
    { budgetWords: episodeBudgetWords(words) },
  );
  return [frame, ...sentences.map((sentence) => sentence.text)].join(' ');
}

/** Imports a conversation and waits until every message is in a fresh summary of an episode. @returns texts by session */
async function summariesOverHttp(
  conversation: EvalConversation,
  url: string,
  key: string,
): Promise<Map<string, string>> {
  const userId = `eval-${conversation.id}-${Date.now().toString(36)}`;
  const headers = key === '' ? {} : { Authorization: `Bearer ${key}` };
  const lines = conversation.turns.map((turn) =>
    JSON.stringify({
      user_id: userId,
      conversation_id: turn.sessionId,
      role: 'user',
      name: turn.name,
      content: turn.content,
      message_id: turn.messageId,
      timestamp: turn.saidAt,
    }),
  );
  const sent = await fetch(`${url}/v1/imports`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  if (!sent.ok) throw new Error(`the import was refused: ${sent.status} ${await sent.text()}`);
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${url}${path}`, { headers })).json()) as T;
  const deadline = Date.now() + SUMMARIES_DEADLINE_MS;
  for (;;) {
    const { results } = await get<{ results: { id: string; source_message_ids: string[] }[] }>(
      `/v1/retrieve?user_id=${userId}&limit=1000`,
    );
    const { summaries } = await get<{
      summaries: { text: string; source_ids: string[]; freshness: number }[];
    }>(`/v1/users/${userId}/summaries?tier=episodic`);
    const covered = new Set(summaries.flatMap((summary) => summary.source_ids));
    const messages = results.flatMap((memory) => (covered.has(memory.id) ? memory.source_message_ids : []));
    if (
      messages.length === conversation.turns.length &&
      summaries.every((summary) => summary.freshness === 1)
    ) {
      const sessions = new Map(conversation.turns.map((turn) => [turn.messageId, turn.sessionId]));
      const sessionOf = new Map(
        results.map((memory) => [memory.id, sessions.get(memory.source_message_ids[0]!)!]),
      );
      const texts = new Map<string, string>();
      for (const { text, source_ids } of summaries) {
        const session = sessionOf.get(source_ids[0]!)!;
        texts.set(session, [texts.get(session), text].filter(Boolean).join(' '));
      }
      return texts;
    }
    if (Date.now() > deadline)
      throw new Error(`${messages.length} of ${conversation.turns.length} messages are in fresh summaries`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

void main();
