/** One batch, as episodes are cut: what is known of it without its text. */
export interface EpisodeUnit {
  firstSeq: number;
  lastSeq: number;
  messages: number;
  /** When its first and last messages were said. */
  fromMs: number;
  toMs: number;
  /** From when silence counts: live messages by their arrival, imported ones by when they were said. */
  heardMs: number;
  /** Mean of its turns' vectors; null without an embedder, or where it was refused. */
  vector: Float32Array | null;
}

export interface EpisodePolicy {
  /** Silence that ends an episode. */
  pauseMs: number;
  /** An episode holds no more messages, unless a single batch does. */
  maxMessages: number;
}

export type EpisodeEnd = 'pause' | 'topic' | 'size';

export interface ClosedEpisode {
  firstSeq: number;
  lastSeq: number;
  end: EpisodeEnd;
}

export interface EpisodePlan {
  closed: ClosedEpisode[];
  /** What is still being talked about; null when nothing is. */
  open: { firstSeq: number; lastSeq: number } | null;
  /** When the open episode ends if nothing more is said; null when more is known to come, or nothing is open. */
  endsAtMs: number | null;
}

export const DEFAULT_EPISODE_MAX_MESSAGES = 80;

/** Messages on either side of a change of topic: fewer say too little about what they are about. */
const TOPIC_WINDOW_MESSAGES = 8;
/** Of fewer messages nobody can tell whether their topic has changed. */
export const LEAST_MESSAGES_WITH_TOPICS = 2 * TOPIC_WINDOW_MESSAGES;
/**
 * Below this cosine between what was said before and after, people talk about something else. With the local model, which
 * reads each turn behind its speaker's name or role, it is higher for 99 of 100 pairs of neighbouring stretches of one
 * talk (of people with names, above 0.44). Unlike topics came to 0.2 to 0.4 between a user and an assistant; behind one
 * name alone some came to 0.6, and are left to pauses and size.
 */
const TOPIC_SIMILARITY = 0.38;

/**
 * Cuts a conversation's batches into episodes. What is closed depends on the batches alone, never on how many of them
 * were there when it was asked: cut piece by piece or all at once, the episodes are the same. Only the end of the last
 * one is decided by the clock.
 *
 * @param units from the first one that is in no closed episode, in order
 * @param now.moreComes messages behind the last unit are stored already, or an import is still bringing some
 */
export function planEpisodes(
  units: readonly EpisodeUnit[],
  policy: EpisodePolicy,
  now: { nowMs: number; moreComes: boolean },
): EpisodePlan {
  const closed: ClosedEpisode[] = [];
  let start = 0;
  while (start < units.length) {
    const run = runFrom(units, start, policy);
    const endsAtMs = units[run.end - 1]!.heardMs + policy.pauseMs;
    const goesOn = run.reason === null && (now.moreComes || now.nowMs < endsAtMs);
    const topicEnd = topicChange(units.slice(start, run.end), goesOn);
    const end = topicEnd === null ? run.end : start + topicEnd;
    const reason = topicEnd === null ? run.reason : 'topic';
    const last = units[end - 1]!;
    if (reason === null && goesOn) {
      const open = { firstSeq: units[start]!.firstSeq, lastSeq: last.lastSeq };
      return { closed, open, endsAtMs: now.moreComes ? null : endsAtMs };
    }
    closed.push({ firstSeq: units[start]!.firstSeq, lastSeq: last.lastSeq, end: reason ?? 'pause' });
    start = end;
  }
  return { closed, open: null, endsAtMs: null };
}

/** How far an episode from `start` can reach at most, and what ends it there; null: nothing does yet. */
function runFrom(
  units: readonly EpisodeUnit[],
  start: number,
  policy: EpisodePolicy,
): { end: number; reason: 'pause' | 'size' | null } {
  let messages = units[start]!.messages;
  for (let i = start + 1; i < units.length; i += 1) {
    const unit = units[i]!;
    if (unit.fromMs - units[i - 1]!.toMs > policy.pauseMs) return { end: i, reason: 'pause' };
    messages += unit.messages;
    if (messages > policy.maxMessages) return { end: i, reason: 'size' };
  }
  return { end: units.length, reason: null };
}

/**
 * Where the first change of topic is: how many units stand before it; null when there is none. Of neighbouring places
 * the one where it is greatest.
 * @param goesOn more units may follow: a place is not chosen before the next one can be looked at
 */
function topicChange(run: readonly EpisodeUnit[], goesOn: boolean): number | null {
  for (let i = 1; i < run.length; i += 1) {
    const here = similarityAt(run, i);
    if (here === null || here >= TOPIC_SIMILARITY) continue;
    const next = similarityAt(run, i + 1);
    if (next === null) return goesOn ? null : i;
    if (next >= here) return i;
  }
  return null;
}

/** The cosine between what was said before and from unit `i` on; null where either side is too short. */
function similarityAt(run: readonly EpisodeUnit[], i: number): number | null {
  const before = stretch(run, i - 1, -1);
  const after = before === null ? null : stretch(run, i, 1);
  return before === null || after === null ? null : cosine(before, after);
}

/** The sum of the units' vectors from `at` on in one direction, until they hold enough messages; null if they do not. */
function stretch(run: readonly EpisodeUnit[], at: number, step: 1 | -1): Float32Array | null {
  let sum: Float32Array | null = null;
  let messages = 0;
  for (let i = at; i >= 0 && i < run.length && messages < TOPIC_WINDOW_MESSAGES; i += step) {
    const { vector, messages: held } = run[i]!;
    if (vector === null) continue;
    sum ??= new Float32Array(vector.length);
    for (let d = 0; d < sum.length; d += 1) sum[d]! += (vector[d] ?? 0) * held;
    messages += held;
  }
  return messages >= TOPIC_WINDOW_MESSAGES ? sum : null;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let left = 0;
  let right = 0;
  for (let d = 0; d < a.length; d += 1) {
    dot += a[d]! * b[d]!;
    left += a[d]! ** 2;
    right += b[d]! ** 2;
  }
  return dot / (Math.sqrt(left * right) || 1);
}
