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
  /** The place of the turn `offset` turns further in the same conversation; −1 if it is not in the pool. */
  neighbour(place: number, offset: number): number;
}

/** Where a term stands: the places of the turns that hold it, ascending, and how often each does. */
export interface Postings {
  places: number[];
  counts: number[];
}

/** Sorts turns into a pool. */
export function makePool<T extends PoolTurn>(turns: readonly T[]): Pool<T> {
  const sorted = [...turns].sort(
    (a, b) => compare(a.conversationId ?? '', b.conversationId ?? '') || a.seq - b.seq,
  );
  const features = sorted.map((turn) => turn.features ?? turnFeatures(turn));
  const dates = new Set<string>();
  for (const ofTurn of features) for (const word of ofTurn.dates) dates.add(word);
  return {
    turns: sorted,
    features,
    dates,
    neighbour: neighbourIn(sorted),
  };
}

/** Where each of these terms stands in the turns' own words; terms that stand nowhere are left out. */
export function postingsOf(pool: Pool, terms: Iterable<string>): Map<string, Postings> {
  const found = new Map<string, Postings>();
  for (const term of terms) {
    const places: number[] = [];
    const counts: number[] = [];
    pool.features.forEach((features, place) => {
      const count = features.counts.get(term);
      if (count === undefined) return;
      places.push(place);
      counts.push(count);
    });
    if (places.length > 0) found.set(term, { places, counts });
  }
  return found;
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
