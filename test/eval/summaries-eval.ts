import { parseArgs } from 'node:util';
import { episodeBudgetWords } from '../../src/domain/summary-budget';
import { createExtractiveSummarizer } from '../../src/models/extractive/extractive-summarizer';
import { backgroundShare } from '../../src/recall/background/share';
import { termsOf } from '../../src/recall/terms';
import { readLocomo, type EvalTurn } from './locomo';
import { meanPercent } from './measures';
import { contentRecall, greedyCover } from './summary-measure';

const USAGE = `usage: npm run eval:summaries -- --data FILE

Summarizes each session of LoCoMo conversations as one episode and prints how many of the content words of its reference
summary the summary has, cut to the reference's number of words; beside it what two simple summaries have. FILE is in
LoCoMo's format; it is not part of this project (CC BY-NC 4.0).`;

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
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
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
    for (const [sessionId, reference] of conversation.summaries) {
      const turns = conversation.turns.filter((turn) => turn.sessionId === sessionId);
      if (turns.length === 0) continue;
      const summary = await summaryOf(turns);
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

function wordCount(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

void main();
