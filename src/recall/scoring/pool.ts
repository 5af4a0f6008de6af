import type { Role } from '../../domain/message';
import type { ScaledVector } from '../../models/quantize';
import { turnFeatures, type TurnFeatures } from './turn-features';

const NO_CONVERSATION = 0;

/** A turn as it is scored. A memory that no conversation made is a turn of its own. */
export interface PoolTurn {
  /** Null: has no neighbours. */
  conversationId: string | null;
  seq: number;
  role: Role;
  name: string | null;
  content: string;
  saidAt: Date;
  /** Null without an embedder, or where it refused this text. */
  vector: ScaledVector | null;
  /** What was worked out of it before; else it is now. */
  features?: TurnFeatures;
}

/** Turns of several conversations with what all features need of them, worked out once. */
export interface Pool<T extends PoolTurn = PoolTurn> {
  /** By conversation, then seq. */
  readonly turns: readonly T[];
  /** What is known of each turn whatever the question. */
  readonly features: readonly TurnFeatures[];
  /** The words of all their dates. */
  readonly dates: ReadonlySet<string>;
  /** 1 for each turn that may answer, 0 for those that only stand around them: their words count for their neighbours. */
  readonly mayAnswer: Uint8Array;
  /** The place of the turn `offset` turns further in the same conversation; −1 if it is not in the pool. */
  neighbour(place: number, offset: number): number;
}

/** Where a term stands: the places of the turns that hold it, ascending, and how often each does. */
export interface Postings {
  places: number[];
  counts: number[];
}

/**
 * Sorts turns into a pool.
 * @param mayAnswer all may, unless it says otherwise
 */
export function makePool<T extends PoolTurn>(
  turns: readonly T[],
  mayAnswer: (turn: T) => boolean = () => true,
): Pool<T> {
  const sorted = byPlace(turns);
  const features = sorted.map((turn) => turn.features ?? turnFeatures(turn));
  const dates = new Set<string>();
  for (const ofTurn of features) for (const word of ofTurn.dates) dates.add(word);
  return {
    turns: sorted,
    features,
    dates,
    mayAnswer: Uint8Array.from(sorted, (turn) => (mayAnswer(turn) ? 1 : 0)),
    neighbour: neighbourIn(sorted),
  };
}

/** Where each of these terms stands in the turns' own words; terms that stand nowhere are left out. */
export function postingsOf(pool: Pool, terms: Iterable<string>): Map<string, Postings> {
  const found = new Map<string, Postings>();
  for (const term of terms) {
    const places: number[] = [];
    const counts: number[] = [];
    for (let place = 0; place < pool.features.length; place += 1) {
      const count = pool.features[place]!.counts.get(term);
      if (count === undefined) continue;
      places.push(place);
      counts.push(count);
    }
    if (places.length > 0) found.set(term, { places, counts });
  }
  return found;
}

/** By conversation, then seq; conversation by conversation, since most of the turns lie in few of them. */
function byPlace<T extends PoolTurn>(turns: readonly T[]): T[] {
  const groups = new Map<string, T[]>();
  for (const turn of turns) {
    const key = turn.conversationId ?? '';
    const group = groups.get(key);
    if (group) group.push(turn);
    else groups.set(key, [turn]);
  }
  return [...groups.keys()].sort(compare).flatMap((key) => groups.get(key)!.sort((a, b) => a.seq - b.seq));
}

function neighbourIn(sorted: readonly PoolTurn[]): Pool['neighbour'] {
  const conversations = conversationNumbers(sorted);
  const seqs = Float64Array.from(sorted, (turn) => turn.seq);
  return (place, offset) => {
    const conversation = conversations[place]!;
    if (conversation === NO_CONVERSATION) return -1;
    const wanted = seqs[place]! + offset;
    // Without gaps the neighbour stands just there; a gap only brings it nearer.
    const step = Math.sign(offset);
    for (let at = place + offset; at !== place; at -= step) {
      if (conversations[at] === conversation && seqs[at] === wanted) return at;
    }
    return -1;
  };
}

/** A number for each conversation. */
function conversationNumbers(sorted: readonly PoolTurn[]): Int32Array {
  let number = NO_CONVERSATION;
  let previous: string | null = null;
  return Int32Array.from(sorted, ({ conversationId }) => {
    if (conversationId === null) return NO_CONVERSATION;
    if (conversationId !== previous) number += 1;
    previous = conversationId;
    return number;
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
