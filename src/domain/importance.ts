import type { EmotionalSignature } from './memory';
import type { Role } from './message';

/** One reason why a memory matters, or does not. */
export interface ImportancePart {
  reason: string;
  weight: number;
}

export interface Importance {
  /** 0..1: what its parts add up to, within bounds. */
  importance: number;
  parts: ImportancePart[];
}

const BASE = 0.35;
const LEAST = 0.05;
const LONG_FROM_WORDS = 25;
const SHORT_BELOW_WORDS = 4;
const SMALL_TALK_FROM = 0.5;

const SIGNS: readonly (ImportancePart & { pattern: RegExp })[] = [
  {
    reason: 'a personal fact',
    weight: 0.15,
    pattern:
      /\b(?:my name|i am|i'm|i was born|i live|i work|i have|i've|i own|i grew up|i moved|call me|my (?:wife|husband|partner|son|daughter|kids?|children|mother|father|mum|mom|dad|sister|brother|boss|doctor|birthday|job|address|dog|cat)|allergic|diagnosed)\b/i,
  },
  {
    reason: 'a decision',
    weight: 0.15,
    pattern:
      /\b(?:decided|chose|chosen|quit|resigned|signed|bought|sold|accepted|turned down|proposed|booked|enrolled|started|stopped|moved|cancelled|agreed|switched|adopted|hired|married|divorced|broke up|gave notice)\b/i,
  },
  {
    reason: 'a goal',
    weight: 0.15,
    pattern:
      /\b(?:goals?|want to|plan(?:ning)? to|hope to|would like to|dream of|aim(?:ing)? (?:to|for)|saving for|training for|working towards?|i will|i'll|by (?:20\d\d|next|the end of))\b/i,
  },
  {
    reason: 'a number or a date',
    weight: 0.1,
    pattern:
      /\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december|tomorrow|tonight|deadline|appointment|hundred|thousand)\b/i,
  },
];
const FEELING = 0.2;
const LONG: ImportancePart = { reason: 'much said', weight: 0.05 };
const SHORT: ImportancePart = { reason: 'hardly anything said', weight: -0.1 };
const QUESTION: ImportancePart = { reason: 'only a question', weight: -0.15 };
const SMALL_TALK: ImportancePart = { reason: 'small talk', weight: -0.25 };
const NOT_THE_USER: ImportancePart = { reason: 'not said by the user', weight: -0.1 };

/**
 * How much a memory matters, and why: personal facts, decisions, goals, numbers and feeling raise it; questions, small
 * talk and what others said lower it.
 * @param smallTalk 0..1, how probably it belongs to no persona
 */
export function importanceOf(
  turns: readonly { role: Role; content: string }[],
  felt: EmotionalSignature | null,
  smallTalk: number,
): Importance {
  const own = turns.filter((turn) => turn.role === 'user');
  const heard = own.length > 0 ? own : turns;
  const text = heard
    .map((turn) => turn.content)
    .join('\n')
    .replace(/’/g, "'");
  const words = text.split(/\s+/).filter((word) => word !== '').length;
  const parts = SIGNS.filter(({ pattern }) => pattern.test(text)).map(({ reason, weight }) => ({
    reason,
    weight,
  }));
  if (felt) parts.push({ reason: `felt (${felt.emotion})`, weight: FEELING * felt.intensity });
  if (words >= LONG_FROM_WORDS) parts.push(LONG);
  if (words < SHORT_BELOW_WORDS) parts.push(SHORT);
  if (heard.every((turn) => turn.content.trim().endsWith('?'))) parts.push(QUESTION);
  if (smallTalk >= SMALL_TALK_FROM) parts.push({ ...SMALL_TALK, weight: SMALL_TALK.weight * smallTalk });
  if (own.length === 0) parts.push(NOT_THE_USER);
  const sum = parts.reduce((total, part) => total + part.weight, BASE);
  return { importance: Math.round(Math.min(1, Math.max(LEAST, sum)) * 1_000) / 1_000, parts };
}
