import { excerpt } from './excerpt';
import { countTokens } from './tokens';

/** A turn that could stand in the block. */
export interface ContextTurn {
  memoryId: string;
  /** Null: what was not said in a conversation. */
  messageId: string | null;
  /** Null where nobody said it. */
  speaker: string | null;
  content: string;
  saidAt: Date;
  /** Places of turns of one moment in their conversation. */
  seq: number;
}

/** A line that stands in the block whatever was asked, with what it was made from. */
export interface ContextLine {
  text: string;
  sources: readonly ContextSource[];
}

export interface ContextSource {
  memoryId: string;
  messageIds: readonly string[];
}

/** Lines under a heading of their own, the most important first. */
export interface ContextSection {
  heading: string;
  lines: readonly ContextLine[];
  /** The most it may take of the budget, 0..1: what was asked for goes before what is always said. */
  share: number;
}

export interface ContextBlock {
  context: string;
  tokens: number;
  sources: ContextSource[];
}

const TURNS_HEADING = 'What was said:';
/** A turn longer than this may take half of what is left: an excerpt of it is shown. */
const LONG_TURN_TOKENS = 200;
const LONG_TURN_SHARE = 0.5;
/** Short of this, no further turn is tried. */
const LEAST_TOKENS_OF_A_TURN = 6;
/** No writing has fewer tokens for its length: what is longer need not be counted. */
const MOST_CHARS_PER_TOKEN = 12;
/** The first guess at how long an excerpt may be; its tokens are counted. */
const CHARS_PER_TOKEN = 4;
const SHRINK = 0.7;
const LEAST_EXCERPT_CHARS = 12;

const DAY = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/**
 * A block to paste into a prompt: the sections, then as many turns as fit, taken best first and told in the order of
 * time, a heading a day. Never more than `maxTokens` (see countTokens); empty when there is nothing to say.
 * @param turns best first, without repetitions
 * @param terms of the question: what an excerpt of a long turn is cut around
 */
export function contextBlock(
  sections: readonly ContextSection[],
  turns: Iterable<ContextTurn>,
  terms: ReadonlySet<string>,
  maxTokens: number,
): ContextBlock {
  const opening = sections.map((section) => fittingSection(section, Math.floor(maxTokens * section.share)));
  const shownSections = opening.filter((section) => section.lines.length > 0);
  const used = shownSections.reduce((sum, section) => sum + section.tokens, 0);
  const chosen = chooseTurns(turns, terms, maxTokens - used);
  for (;;) {
    const context = written(shownSections, chosen);
    const tokens = countTokens(context);
    // Parts were counted one by one; joined they may take a little more.
    if (tokens <= maxTokens) return { context, tokens, sources: sourcesOf(shownSections, chosen) };
    if (chosen.length > 0) chosen.pop();
    else shownSections.pop();
  }
}

/** What the day of a turn is called. */
export function dayOf(date: Date): string {
  return DAY.format(date);
}

interface ShownTurn {
  turn: ContextTurn;
  line: string;
}

interface FittedSection {
  heading: string;
  lines: readonly ContextLine[];
  tokens: number;
}

function fittingSection(section: ContextSection, budget: number): FittedSection {
  let tokens = countTokens(`${section.heading}\n\n`);
  const lines: ContextLine[] = [];
  for (const line of section.lines) {
    const cost = countTokens(`${line.text}\n`);
    if (tokens + cost > budget) continue;
    tokens += cost;
    lines.push(line);
  }
  return { heading: section.heading, lines, tokens };
}

function chooseTurns(turns: Iterable<ContextTurn>, terms: ReadonlySet<string>, budget: number): ShownTurn[] {
  const chosen: ShownTurn[] = [];
  const days = new Set<string>();
  let left = budget - countTokens(`${TURNS_HEADING}\n`);
  for (const turn of turns) {
    if (left < LEAST_TOKENS_OF_A_TURN) break;
    const day = dayOf(turn.saidAt);
    const dayCost = days.has(day) ? 0 : countTokens(`${day}\n`);
    const fitted = fittedLine(turn, terms, left - dayCost, chosen.length === 0);
    if (!fitted) continue;
    left -= fitted.tokens + dayCost;
    days.add(day);
    chosen.push({ turn, line: fitted.line });
  }
  return chosen;
}

/**
 * The turn's line, whole or as an excerpt: a long turn leaves room for others, and the best one is cut rather than
 * left out. Null when it does not fit.
 */
function fittedLine(
  turn: ContextTurn,
  terms: ReadonlySet<string>,
  left: number,
  best: boolean,
): (ShownTurn & { tokens: number }) | null {
  if (left <= 0) return null;
  const content = turn.content.trim();
  let line = lineOf(turn, content.slice(0, left * MOST_CHARS_PER_TOKEN));
  let tokens = countTokens(`${line}\n`);
  const isWhole = content.length <= left * MOST_CHARS_PER_TOKEN;
  const isLong = isWhole ? tokens > LONG_TURN_TOKENS : content.length > LONG_TURN_TOKENS * CHARS_PER_TOKEN;
  const allowed = isLong
    ? Math.min(left, Math.max(LONG_TURN_TOKENS, Math.floor(left * LONG_TURN_SHARE)))
    : left;
  if (isWhole && tokens <= allowed) return { turn, line, tokens };
  if (!isLong && !best) return null;
  let maxChars = content.length;
  while (tokens > allowed || line.length > left * MOST_CHARS_PER_TOKEN) {
    maxChars = Math.min(Math.floor(maxChars * SHRINK), allowed * CHARS_PER_TOKEN);
    if (maxChars < LEAST_EXCERPT_CHARS) return null;
    line = lineOf(turn, excerpt(content, terms, maxChars));
    tokens = countTokens(`${line}\n`);
  }
  return { turn, line, tokens };
}

function lineOf(turn: ContextTurn, content: string): string {
  return turn.speaker === null ? `- ${content}` : `${turn.speaker}: ${content}`;
}

function written(sections: readonly FittedSection[], chosen: readonly ShownTurn[]): string {
  const parts = sections.map(({ heading, lines }) => [heading, ...lines.map((line) => line.text)].join('\n'));
  if (chosen.length > 0) {
    const inTime = [...chosen].sort(
      (a, b) => a.turn.saidAt.getTime() - b.turn.saidAt.getTime() || a.turn.seq - b.turn.seq,
    );
    const lines = [TURNS_HEADING];
    let day = '';
    for (const { turn, line } of inTime) {
      if (dayOf(turn.saidAt) !== day) lines.push((day = dayOf(turn.saidAt)));
      lines.push(line);
    }
    parts.push(lines.join('\n'));
  }
  return parts.join('\n\n');
}

function sourcesOf(sections: readonly FittedSection[], chosen: readonly ShownTurn[]): ContextSource[] {
  const byMemory = new Map<string, Set<string>>();
  const note = (memoryId: string, messageIds: readonly string[]): void => {
    const known = byMemory.get(memoryId) ?? new Set();
    for (const id of messageIds) known.add(id);
    byMemory.set(memoryId, known);
  };
  for (const { turn } of chosen) note(turn.memoryId, turn.messageId === null ? [] : [turn.messageId]);
  for (const { lines } of sections)
    for (const line of lines) for (const source of line.sources) note(source.memoryId, source.messageIds);
  return [...byMemory].map(([memoryId, messageIds]) => ({ memoryId, messageIds: [...messageIds] }));
}
