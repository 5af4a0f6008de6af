import { readFileSync } from 'node:fs';

const SECONDS_A_TURN = 10;
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

export interface EvalTurn {
  messageId: string;
  sessionId: string;
  name: string;
  content: string;
  saidAt: Date;
}

export interface EvalQuestion {
  text: string;
  /** The message ids that answer it. */
  evidence: string[];
  /** 1 multi-hop, 2 temporal, 3 open, 4 single-hop, 5 adversarial. */
  category: number;
}

export interface EvalConversation {
  id: string;
  names: string[];
  turns: EvalTurn[];
  questions: EvalQuestion[];
  /** A reference summary of each session, by its id. */
  summaries: ReadonlyMap<string, string>;
}

interface RawSample {
  sample_id: string;
  conversation: Record<string, unknown> & { speaker_a: string; speaker_b: string };
  session_summary?: Record<string, string>;
  qa: { question: string; evidence?: string[]; category: number }[];
}

interface RawTurn {
  speaker: string;
  dia_id: string;
  text: string;
  blip_caption?: string;
}

/** Reads a file in LoCoMo's format; questions whose evidence is not among the turns are left out. */
export function readLocomo(file: string): EvalConversation[] {
  const samples = JSON.parse(readFileSync(file, 'utf8')) as RawSample[];
  return samples.map(({ sample_id, conversation, qa, session_summary = {} }) => {
    const turns: EvalTurn[] = [];
    for (let n = 1; Array.isArray(conversation[`session_${n}`]); n += 1) {
      const startMs = sessionTime(String(conversation[`session_${n}_date_time`]));
      (conversation[`session_${n}`] as RawTurn[]).forEach((turn, i) => {
        turns.push({
          messageId: turn.dia_id,
          sessionId: `session_${n}`,
          name: turn.speaker,
          content: turn.blip_caption ? `${turn.text} [photo: ${turn.blip_caption}]` : turn.text,
          saidAt: new Date(startMs + i * SECONDS_A_TURN * 1_000),
        });
      });
    }
    const known = new Set(turns.map((turn) => turn.messageId));
    const questions = qa.flatMap(({ question, evidence = [], category }) => {
      const ids = evidence.flatMap((ids) => ids.split(/[;,\s]+/)).filter((id) => known.has(id));
      return ids.length > 0 ? [{ text: question, evidence: [...new Set(ids)], category }] : [];
    });
    const summaries = new Map(
      Object.entries(session_summary).map(([key, text]) => [key.replace(/_summary$/, ''), text]),
    );
    const names = [conversation.speaker_a, conversation.speaker_b];
    return { id: sample_id, names, turns, questions, summaries };
  });
}

/** "1:56 pm on 8 May, 2023", as UTC. */
function sessionTime(text: string): number {
  const match = /(\d+):(\d+) (am|pm) on (\d+) (\w+), (\d+)/.exec(text);
  if (!match) throw new Error(`no session time: ${text}`);
  const [, hour, minute, half, day, month, year] = match;
  const hours = (Number(hour) % 12) + (half === 'pm' ? 12 : 0);
  return Date.UTC(Number(year), MONTHS.indexOf(month!), Number(day), hours, Number(minute));
}
