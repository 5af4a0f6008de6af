import type { SourceEntry } from '../sources/entry';
import { count, counted } from './words';

/** How many problems a person is shown; the rest are counted. */
export const MAX_PROBLEMS_SHOWN = 20;
/** How many are kept for `--json`. */
const MAX_PROBLEMS_KEPT = 1_000;
const MAX_KINDS_OF_NOTES = 100;

/** Something that was not imported, and where it stands in the file. */
export interface Problem {
  line: number;
  reason: string;
  /** Who says so. */
  from: 'file' | 'server';
  conversation_id?: string;
  message_id?: string;
}

export interface NoteCount {
  note: string;
  count: number;
  first_line: number;
}

/** What was wrong or left out, with bounded memory: all of it is counted, the first of it kept. */
export class Findings {
  readonly problems: Problem[] = [];
  problemCount = 0;
  private readonly noteCounts = new Map<string, NoteCount>();

  /** Takes what is no message. */
  take(entry: Exclude<SourceEntry, { message: unknown }>): void {
    if ('problem' in entry) return this.addProblem({ line: entry.line, reason: entry.problem, from: 'file' });
    const known = this.noteCounts.get(entry.note);
    if (known) known.count += 1;
    else if (this.noteCounts.size < MAX_KINDS_OF_NOTES)
      this.noteCounts.set(entry.note, { note: entry.note, count: 1, first_line: entry.line });
  }

  addProblem(problem: Problem): void {
    this.problemCount += 1;
    if (this.problems.length < MAX_PROBLEMS_KEPT) this.problems.push(problem);
  }

  notes(): NoteCount[] {
    return [...this.noteCounts.values()];
  }
}

/** Problems for people, in the order of the file. */
export function problemLines(problems: Problem[], problemCount: number): string[] {
  if (problemCount === 0) return [];
  const shown = [...problems].sort((a, b) => a.line - b.line).slice(0, MAX_PROBLEMS_SHOWN);
  const lines = shown.map((problem) => {
    const { line, reason, conversation_id: conversation, message_id: message } = problem;
    const where = [conversation && `conversation ${conversation}`, message && `message ${message}`].filter(
      Boolean,
    );
    return `  line ${count(line)}${where.length > 0 ? ` (${where.join(', ')})` : ''}: ${reason}`;
  });
  const more = problemCount - shown.length;
  return [
    `${counted(problemCount, 'problem')}:`,
    ...lines,
    ...(more > 0 ? [`  … and ${count(more)} more`] : []),
  ];
}

/** What was left out on purpose. */
export function noteLines(notes: NoteCount[]): string[] {
  if (notes.length === 0) return [];
  return [
    'Left out:',
    ...notes.map((one) => `  ${count(one.count)} × ${one.note} (first in line ${count(one.first_line)})`),
  ];
}
