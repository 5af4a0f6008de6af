import { createHash } from 'node:crypto';
import { z } from 'zod';
import * as field from '../api/schemas/fields';
import { historyMessage, newMessage } from '../api/schemas/messages';
import { isMemoryLine, type ImportLine } from '../sources/entry';
import type { OpenedSource } from '../sources/open-source';
import { Findings, noteLines, problemLines } from './findings';
import { sentLines } from './sent-lines';
import { count, facts } from './words';

const MAX_SPEAKERS_KEPT = 10_000;
const MAX_SPEAKERS_SHOWN = 12;
/** Of a hash, so that millions of conversations stay within a hundred megabytes. */
const KEY_BYTES = 6;

const owner = { user_id: field.id, conversation_id: field.id };
/** What the server takes, as far as one line alone can tell. */
const messageLine = z.strictObject({ ...newMessage.shape, ...owner });
const transcriptLine = z.looseObject({ ...owner, history: z.array(historyMessage).min(1) });

/** What an import would send. */
export interface DryRun {
  format: string;
  conversations: number;
  messages: number;
  /** Of an export: those that no messages make anew. */
  memories: number;
  speakers: Array<{ speaker: string; messages: number }>;
  first_message_at: string | null;
  last_message_at: string | null;
  messages_without_time: number;
  problem_count: number;
  problems: Findings['problems'];
  notes: ReturnType<Findings['notes']>;
}

/**
 * Reads a whole file and judges each message as the server would, without sending anything.
 * @param onMessages is told again and again how many messages there were so far
 */
export async function dryRun(
  source: OpenedSource,
  onMessages: (messages: number) => void = () => undefined,
): Promise<DryRun> {
  const findings = new Findings();
  const seen = new Set<number>();
  const speakers = new Map<string, number>();
  let [messages, memories, timeless] = [0, 0, 0];
  let [first, last]: [Date | null, Date | null] = [null, null];
  for await (const { line, message } of sentLines(source, (entry) => findings.take(entry))) {
    onMessages(messages);
    if (isMemoryLine(message)) {
      memories += 1;
      continue;
    }
    const wrong = problemWith(message);
    if (wrong !== null) {
      findings.addProblem({ line, reason: wrong, from: 'file' });
      continue;
    }
    seen.add(keyOf(message));
    for (const turn of turnsIn(message)) {
      messages += 1;
      const speaker = turn.name ?? turn.role;
      if (speakers.has(speaker) || speakers.size < MAX_SPEAKERS_KEPT)
        speakers.set(speaker, (speakers.get(speaker) ?? 0) + 1);
      if (!turn.timestamp) timeless += 1;
      else {
        const time = new Date(turn.timestamp);
        if (first === null || time < first) first = time;
        if (last === null || time > last) last = time;
      }
    }
  }
  return {
    format: source.format,
    conversations: seen.size,
    messages,
    memories,
    speakers: [...speakers]
      .map(([speaker, said]) => ({ speaker, messages: said }))
      .sort((a, b) => b.messages - a.messages),
    first_message_at: first?.toISOString() ?? null,
    last_message_at: last?.toISOString() ?? null,
    messages_without_time: timeless,
    problem_count: findings.problemCount,
    problems: findings.problems,
    notes: findings.notes(),
  };
}

/** The same for people. */
export function dryRunText(file: string, run: DryRun): string {
  const named = run.speakers
    .slice(0, MAX_SPEAKERS_SHOWN)
    .map((one) => `${one.speaker} ${count(one.messages)}`);
  const more = run.speakers.length - named.length;
  return [
    `${file}: a dry run, nothing was sent`,
    '',
    facts([
      ['format', run.format],
      ['conversations', count(run.conversations)],
      ['messages', count(run.messages)],
      ['memories', run.memories === 0 ? undefined : count(run.memories)],
      [
        'speakers',
        named.length === 0 ? 'none' : named.join(', ') + (more > 0 ? ` and ${count(more)} more` : ''),
      ],
      ['first', run.first_message_at ?? 'unknown'],
      ['last', run.last_message_at ?? 'unknown'],
      [
        'without a time',
        run.messages_without_time === 0
          ? undefined
          : `${count(run.messages_without_time)} (they get the time of the import)`,
      ],
    ]),
    ...['', ...noteLines(run.notes)].slice(run.notes.length === 0 ? 1 : 0),
    ...['', ...problemLines(run.problems, run.problem_count)].slice(run.problem_count === 0 ? 1 : 0),
  ].join('\n');
}

interface TurnAtHand {
  role: string;
  name?: string | null;
  timestamp?: string | null;
}

function turnsIn(message: ImportLine): TurnAtHand[] {
  return (Array.isArray(message['history']) ? message['history'] : [message]) as TurnAtHand[];
}

function problemWith(message: ImportLine): string | null {
  const checked = ('history' in message ? transcriptLine : messageLine).safeParse(message);
  if (checked.success) return null;
  return checked.error.issues
    .map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`)
    .join('; ');
}

function keyOf({ user_id: user, conversation_id: conversation }: ImportLine): number {
  return createHash('sha1')
    .update(JSON.stringify([user, conversation]))
    .digest()
    .readUIntBE(0, KEY_BYTES);
}
