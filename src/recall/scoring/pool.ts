import type { Role } from '../../domain/message';
import { dateTerms, termsOf } from '../terms';

/** A turn as it is scored. A memory that no conversation made is a turn of its own. */
export interface PoolTurn {
  /** Null: has no neighbours. */
  conversationId: string | null;
  seq: number;
  role: Role;
  name: string | null;
  content: string;
  saidAt: Date;
  /** A unit vector; null without an embedder, or where it refused this text. */
  vector: Float32Array | null;
}

/** Turns of several conversations with what all features need of them, worked out once. */
export interface Pool<T extends PoolTurn = PoolTurn> {
  /** By conversation, then seq. */
  readonly turns: readonly T[];
  /** Prepared terms of each turn. */
  readonly terms: readonly (readonly string[])[];
  /** The same, each once. */
  readonly termSets: readonly ReadonlySet<string>[];
  /** The words of each turn's date. */
  readonly dates: readonly (readonly string[])[];
  /** The place of the turn `offset` turns further in the same conversation; −1 if it is not in the pool. */
  neighbour(place: number, offset: number): number;
}

/** Sorts turns into a pool. */
export function makePool<T extends PoolTurn>(turns: readonly T[]): Pool<T> {
  const sorted = [...turns].sort(
    (a, b) => compare(a.conversationId ?? '', b.conversationId ?? '') || a.seq - b.seq,
  );
  const terms = sorted.map((turn) => termsOf(turn.content));
  return {
    turns: sorted,
    terms,
    termSets: terms.map((ofTurn) => new Set(ofTurn)),
    dates: sorted.map((turn) => dateTerms(turn.saidAt)),
    neighbour(place, offset) {
      const turn = sorted[place]!;
      if (turn.conversationId === null) return -1;
      // Without gaps the neighbour stands just there; a gap only brings it nearer.
      const step = Math.sign(offset);
      for (let at = place + offset; at !== place; at -= step) {
        const other = sorted[at];
        if (other?.conversationId === turn.conversationId && other.seq === turn.seq + offset) return at;
      }
      return -1;
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
