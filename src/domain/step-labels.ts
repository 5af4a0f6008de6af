import type { ConversationRef } from './message';
import { pendingCount, phaseOf, type Standing, type StepReason } from './next-step';

/** What a person sees of a run besides its numbers. */
export interface RunNotes {
  /** Whose conversation it is. */
  about: ConversationRef;
  /** The step that is running now. */
  running: string | null;
  /** The last batches that were finished, newest first. */
  finished: string[];
  /** The last things that went wrong, newest first. */
  failures: string[];
}

export const REMEMBERED_NOTES = 5;

const WHY: Record<StepReason, string> = {
  start: 'the run has started and asks the record where it stands',
  size: 'enough messages for a batch are there',
  window: 'the flush window has ended',
  flush: 'a flush was asked for',
  idle: 'nobody has said anything for long',
  policy: 'the policy was changed',
  retry: 'failed messages are tried again',
  late: 'an announcement was found missing, so the record is asked',
  backlog: 'there is more work than one step takes',
  pause: 'the silence has ended an episode',
};

/** A range of messages as people read it. */
export function rangeLabel(firstSeq: number, lastSeq: number): string {
  return firstSeq === lastSeq ? `message ${firstSeq}` : `messages ${firstSeq}–${lastSeq}`;
}

/** The label of a step in the timeline: what is known before it runs. */
export function stepLabel(s: Standing, reason: StepReason): string {
  if (s.fresh) return s.storedThrough > 0 ? `messages through ${s.storedThrough} · ${reason}` : reason;
  if (pendingCount(s) === 0) return reason;
  return `${rangeLabel(s.plannedThrough + 1, s.storedThrough)} · ${reason}`;
}

/** Why a step runs, as a sentence. */
export function stepSentence(s: Standing, reason: StepReason): string {
  return `Working on **${stepLabel(s, reason)}**: ${WHY[reason]}.`;
}

/** The run's current details in the Temporal UI (Markdown). */
export function runDetails(s: Standing, notes: RunNotes): string {
  const lines = [
    // The static summary does not survive a roll-over; this does.
    `Conversation \`${asCode(notes.about.conversationId)}\` of \`${asCode(notes.about.userId)}\``,
    `**Phase:** ${notes.running ? 'indexing' : phaseOf(s)}`,
    notes.running ?? waitingFor(s),
    `**Messages:** stored through ${s.storedThrough}, indexed through ${s.indexedThrough}, ${pendingCount(s)} pending`,
  ];
  if (notes.finished.length > 0) lines.push(bullets('Last batches', notes.finished));
  if (notes.failures.length > 0) lines.push(bullets('Last failures', notes.failures));
  return lines.join('\n\n');
}

/** Puts a note before the others and forgets the oldest. */
export function remember(notes: string[], note: string): void {
  notes.unshift(note);
  notes.length = Math.min(notes.length, REMEMBERED_NOTES);
}

function waitingFor(s: Standing): string {
  if (s.fresh) return 'About to ask the record where this conversation stands.';
  if (pendingCount(s) === 0) {
    const done = 'Everything is indexed. Waiting for the next message';
    if (s.episodeEndsAtMs === null) return `${done}.`;
    return `${done}; without one, the episode ends at ${new Date(s.episodeEndsAtMs).toISOString()}.`;
  }
  const bySize = `message ${s.nextCutSeq} makes the next batch`;
  if (s.windowEndsAtMs === null) return `Waiting: ${bySize}.`;
  return `Waiting: ${bySize}, or the flush window ends at ${new Date(s.windowEndsAtMs).toISOString()}.`;
}

function bullets(title: string, items: string[]): string {
  // The UI's Markdown takes a list for one only after an empty line.
  return [`**${title}**`, '', ...items.map((item) => `- ${item}`)].join('\n');
}

/** Ids are the caller's: they must not break out of the Markdown they are shown in. */
function asCode(id: string): string {
  return id.replace(/[`\r\n]/g, '′');
}
