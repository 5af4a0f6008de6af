import { spokenDay } from '../domain/spoken-dates';
import { inOrderOfTime, type StoredSentence } from '../domain/summary';
import { wordCount } from '../domain/words';
import type { ReadSummary } from './read-summaries';

/** One statement of a narrative and the raw memories it says something of. */
export interface Statement {
  text: string;
  sourceIds: string[];
  saidAt: Date;
}

export interface Narrative {
  text: string;
  statements: Statement[];
  /** The summaries it was made from, in the order they are told. */
  summaryIds: string[];
}

export interface NarrativeInput {
  /** In the order of their time. */
  summaries: readonly ReadSummary[];
  /** By raw memory: how well it answers the query, 0..1. Empty without a query. */
  relevance: ReadonlyMap<string, number>;
  /** Whether a sentence has words of the query. */
  answers: (text: string) => boolean;
  /** The persona it is told for: its line goes first. */
  persona: string;
}

/** About 1,000 tokens: a narrative is read whole by a language model. */
const MAX_WORDS = 700;
const WORDS_A_RELEVANT = 120;
const WORDS_OF_OTHERS = 40;
const MAX_RELEVANT = 6;
const MAX_OTHERS = 6;
/** Below it a memory is no answer, only the best of those that are not. */
export const LEAST_RELEVANCE = 0.3;

/**
 * Episodes told as a story: those that answer the query first, with what answers it, then the latest others in short;
 * each group in the order of time.
 */
export function episodicNarrative(input: NarrativeInput): Narrative {
  const ranked = input.summaries
    .map((summary) => ({ summary, relevance: relevanceOf(summary, input) }))
    .sort((a, b) => b.relevance - a.relevance || b.summary.to.getTime() - a.summary.to.getTime());
  const relevant = ranked.filter((one) => one.relevance >= LEAST_RELEVANCE).slice(0, MAX_RELEVANT);
  const others = ranked
    .filter((one) => !relevant.includes(one))
    .sort((a, b) => b.summary.to.getTime() - a.summary.to.getTime())
    .slice(0, relevant.length > 0 ? MAX_OTHERS : MAX_OTHERS + MAX_RELEVANT);
  const inOrder = (some: typeof ranked): ReadSummary[] =>
    some.map((one) => one.summary).sort((a, b) => a.from.getTime() - b.from.getTime());
  return told(
    [
      ...inOrder(relevant).map((summary) => ({ summary, words: WORDS_A_RELEVANT })),
      ...inOrder(others).map((summary) => ({
        summary,
        words: relevant.length > 0 ? WORDS_OF_OTHERS : WORDS_A_RELEVANT,
      })),
    ],
    input,
  );
}

/** Long lines: the persona's own first, then by how well they answer the query. */
export function arcNarrative(input: NarrativeInput): Narrative {
  const ranked = input.summaries
    .map((summary) => ({
      summary,
      relevance: relevanceOf(summary, input) + (summary.persona === input.persona ? 1 : 0),
    }))
    .sort((a, b) => b.relevance - a.relevance || b.summary.to.getTime() - a.summary.to.getTime());
  const words = Math.floor(MAX_WORDS / Math.max(1, Math.min(ranked.length, 4)));
  return told(
    ranked.map(({ summary }) => ({ summary, words })),
    input,
  );
}

function relevanceOf(summary: ReadSummary, { relevance, answers }: NarrativeInput): number {
  const ids = summary.tier === 'arc' ? summary.sentences.flatMap((one) => one.sourceIds) : summary.sourceIds;
  const best = Math.max(0, ...ids.map((id) => relevance.get(id) ?? 0));
  // Words of the query count for what the search did not look at.
  return best > 0 || !summary.sentences.some((sentence) => answers(sentence.text)) ? best : LEAST_RELEVANCE;
}

function told(parts: readonly { summary: ReadSummary; words: number }[], input: NarrativeInput): Narrative {
  const statements: Statement[] = [];
  const paragraphs: string[] = [];
  const summaryIds: string[] = [];
  let left = MAX_WORDS;
  for (const { summary, words } of parts) {
    const chosen = chosenOf(summary, Math.min(words, left), input);
    if (chosen.length === 0) continue;
    paragraphs.push([summary.frame, ...chosen.map((one) => one.text)].filter(Boolean).join(' '));
    summaryIds.push(summary.id);
    statements.push(...chosen.map(({ text, sourceIds, saidAt }) => ({ text, sourceIds, saidAt })));
    left -= chosen.reduce((sum, one) => sum + wordCount(one.text), 0);
  }
  return { text: paragraphs.join('\n\n'), statements, summaryIds };
}

/** Sentences that answer the query, then those that say most, as far as they fit; in the order of time. */
function chosenOf(
  summary: ReadSummary,
  words: number,
  { relevance, answers }: NarrativeInput,
): StoredSentence[] {
  const value = (sentence: StoredSentence): number =>
    Math.max(0, ...sentence.sourceIds.map((id) => relevance.get(id) ?? 0)) + (answers(sentence.text) ? 1 : 0);
  const byValue = summary.sentences
    .map((sentence, place) => ({ sentence, place, value: value(sentence) }))
    .sort((a, b) => b.value - a.value || a.place - b.place);
  const chosen: typeof byValue = [];
  let left = words;
  for (const one of byValue) {
    const length = wordCount(one.sentence.text);
    if (length > left && chosen.length > 0) continue;
    if (left <= 0) break;
    chosen.push(one);
    left -= length;
  }
  return chosen
    .sort((a, b) => inOrderOfTime(summary)(a.sentence, b.sentence) || a.place - b.place)
    .map((one) => one.sentence);
}

/** A raw memory as a statement, its day in words. */
export function rawStatement(memory: { id: string; content: string; createdAt: Date }): Statement {
  return {
    text: `${spokenDay(memory.createdAt)}: ${memory.content}`,
    sourceIds: [memory.id],
    saidAt: memory.createdAt,
  };
}
