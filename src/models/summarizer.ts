import type { Role } from '../domain/message';

/** One turn of what is summarized. */
export interface SummaryTurn {
  /** The raw memory that holds it: what a sentence made from it cites. */
  memoryId: string;
  role: Role;
  name: string | null;
  content: string;
  saidAt: Date;
}

/** One statement of a summary, with the memories it says something of. */
export interface SummarySentence {
  text: string;
  sourceIds: string[];
  /** When what it says was said. */
  saidAt: Date;
}

/** A summary's text, sentence by sentence, what says most first. */
export interface SummaryText {
  /** Who, when: says nothing that was said. Null when there is nothing to frame. */
  frame: string | null;
  sentences: SummarySentence[];
}

/** Turns episodes into summaries, and summaries into a user's long lines. Pure: the caller records what comes back. */
export interface Summarizer {
  /** Identifies the method in the record (`extractive-1`). */
  readonly name: string;
  /**
   * @param turns of one episode in order; at least one
   * @param options.budgetWords the summary has at most as many, its frame included
   */
  episode(
    turns: readonly SummaryTurn[],
    options: { budgetWords: number; signal?: AbortSignal },
  ): Promise<SummaryText>;
  /**
   * One persona's line through a user's episodes.
   * @param sentences of the episodes' summaries, in the order of their time
   */
  arc(
    sentences: readonly SummarySentence[],
    options: { persona: string; budgetWords: number; signal?: AbortSignal },
  ): Promise<SummaryText>;
}

/** What people said of these turns; all of them where nobody did. */
export function heardTurns(turns: readonly SummaryTurn[]): readonly SummaryTurn[] {
  const people = turns.filter(
    (turn) => turn.role === 'user' || turn.role === 'assistant' || turn.name !== null,
  );
  return people.length > 0 ? people : turns;
}
