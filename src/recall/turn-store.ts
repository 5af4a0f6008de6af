import { LRUCache } from 'lru-cache';
import type { Pool as PgPool } from 'pg';
import { speaksForItself, type Memory } from '../domain/memory';
import { scaledFromInt8 } from '../models/quantize';
import type { Owner } from '../record/recall-reads';
import {
  memoriesById,
  turnsIn,
  type MemoryHead,
  type RecordedTurn,
  type TurnRange,
  type VectoredTurn,
} from '../record/recall-turns';
import type { PoolTurn } from './scoring/pool';
import { turnFeatures } from './scoring/turn-features';

/** About 45,000 turns of a chat with their vectors of 384 dimensions. */
const MAX_KEPT_BYTES = 64 * 1_024 * 1_024;
/** What is said is not kept longer than a conversation's questions need it. */
const KEPT_MS = 600_000;
/** A turn whose vector is missing may have one a moment later. */
const KEPT_WITHOUT_VECTOR_MS = 5_000;
/** Asking the clock for each of a thousand turns costs more than scoring them. */
const AGE_RESOLUTION_MS = 1_000;
/** Rough sizes, for the bound above. */
const BYTES_A_CHAR = 2;
const BYTES_A_TERM = 70;
const BYTES_A_TURN = 600;
const BYTES_A_MEMORY = 1_500;

/** A turn of a candidate or of its context. */
export interface CandidateTurn extends PoolTurn {
  memoryId: string;
  /** Null for a memory that speaks for itself: no message says it. */
  recorded: RecordedTurn | null;
}

/** What is said in and around the candidates. */
export interface LoadedTurns {
  /** Turns of the memories near, with those around them as context. */
  turns: CandidateTurn[];
  /** The memories near that pass the filter. */
  memories: Memory[];
}

/**
 * What memories say, by their heads. Messages and vectors never change, and a memory's version tells when it does, so
 * this process keeps what it prepared of them for the next question; whether a memory can be recalled is asked anew
 * each time.
 */
export interface TurnStore {
  /** @param reachTurns how far beyond the memories near their context goes */
  load(owner: Owner, heads: readonly MemoryHead[], reachTurns: number): Promise<LoadedTurns>;
}

/** A raw memory's head: it has turns. */
type RawHead = MemoryHead & TurnRange;

export function createTurnStore(pool: PgPool, embedderName: string | null): TurnStore {
  const keptTurns = new LRUCache<string, CandidateTurn[]>({
    maxSize: MAX_KEPT_BYTES,
    ttl: KEPT_MS,
    ttlResolution: AGE_RESOLUTION_MS,
    sizeCalculation: (turns) => turns.reduce((sum, turn) => sum + bytesOf(turn), 1),
  });
  const keptMemories = new LRUCache<string, KeptMemory>({
    maxSize: MAX_KEPT_BYTES,
    ttl: KEPT_MS,
    ttlResolution: AGE_RESOLUTION_MS,
    sizeCalculation: ({ memory, turn }) =>
      BYTES_A_MEMORY + BYTES_A_CHAR * memory.content.length + (turn ? bytesOf(turn) : 0),
  });

  const turnsOf = async (owner: Owner, heads: readonly RawHead[]): Promise<Map<string, CandidateTurn[]>> => {
    const found = new Map<string, CandidateTurn[]>();
    const missing: RawHead[] = [];
    for (const head of heads) {
      const kept = keptTurns.get(keyOf(owner, head));
      if (kept) found.set(head.id, kept);
      else missing.push(head);
    }
    const ofConversations = byConversationOf(await turnsIn(pool, owner, joined(missing), embedderName));
    for (const head of missing) {
      const turns = (ofConversations.get(head.conversationId) ?? [])
        .filter((turn) => turn.seq >= head.firstSeq && turn.seq <= head.lastSeq)
        .map((turn) => candidateTurn(head.id, turn));
      const complete = embedderName === null || turns.every((turn) => turn.vector !== null);
      keptTurns.set(keyOf(owner, head), turns, { ttl: complete ? KEPT_MS : KEPT_WITHOUT_VECTOR_MS });
      found.set(head.id, turns);
    }
    return found;
  };

  const memoriesOf = async (owner: Owner, heads: readonly MemoryHead[]): Promise<KeptMemory[]> => {
    const found: KeptMemory[] = [];
    const missing: string[] = [];
    for (const head of heads) {
      const kept = keptMemories.get(keyOf(owner, head));
      if (kept) found.push(kept);
      else missing.push(head.id);
    }
    for (const { version, memory, vector } of await memoriesById(pool, owner, missing, embedderName)) {
      const read = { memory, turn: speaksForItself(memory) ? ownTurn(memory, vector) : null };
      const complete = embedderName === null || read.turn === null || vector !== null;
      keptMemories.set(keyOf(owner, { id: memory.id, version }), read, {
        ttl: complete ? KEPT_MS : KEPT_WITHOUT_VECTOR_MS,
      });
      found.push(read);
    }
    return found;
  };

  return {
    async load(owner, heads, reachTurns) {
      const raw = heads.filter(isRaw);
      const within = reachOf(
        raw.filter((head) => head.near),
        reachTurns,
      );
      const [byId, memories] = await Promise.all([
        turnsOf(
          owner,
          raw.filter((head) => !head.edited),
        ),
        memoriesOf(
          owner,
          heads.filter((head) => head.passes),
        ),
      ]);
      const turns = raw.flatMap((head) => {
        const ofHead = byId.get(head.id) ?? [];
        if (head.near || within(head.conversationId, head.firstSeq, head.lastSeq)) return ofHead;
        return ofHead.filter(({ seq }) => within(head.conversationId, seq, seq));
      });
      const own = memories.flatMap(({ turn }) => turn ?? []);
      return { turns: [...turns, ...own], memories: memories.map(({ memory }) => memory) };
    },
  };
}

/** A memory, and what stands for it among the turns if its turns do not. */
interface KeptMemory {
  memory: Memory;
  turn: CandidateTurn | null;
}

function isRaw(head: MemoryHead): head is RawHead {
  return (
    head.tier === 'raw' && head.conversationId !== null && head.firstSeq !== null && head.lastSeq !== null
  );
}

function keyOf(owner: Owner, head: { id: string; version: string }): string {
  return `${owner.namespace}/${owner.userId}/${head.id}/${head.version}`;
}

/** Whether all turns from one to another lie within reach of these memories. */
function reachOf(
  heads: readonly RawHead[],
  reachTurns: number,
): (conversationId: string, firstSeq: number, lastSeq: number) => boolean {
  const reached = byConversationOf(
    joined(
      heads.map(({ conversationId, firstSeq, lastSeq }) => ({
        conversationId,
        firstSeq: firstSeq - reachTurns,
        lastSeq: lastSeq + reachTurns,
      })),
    ),
  );
  return (conversationId, firstSeq, lastSeq) =>
    reached.get(conversationId)?.some((range) => firstSeq >= range.firstSeq && lastSeq <= range.lastSeq) ??
    false;
}

/** The same ranges, those that touch made one. */
export function joined(ranges: readonly TurnRange[]): TurnRange[] {
  const sorted = [...ranges].sort(
    (a, b) =>
      (a.conversationId < b.conversationId ? -1 : a.conversationId > b.conversationId ? 1 : 0) ||
      a.firstSeq - b.firstSeq,
  );
  const found: TurnRange[] = [];
  for (const { conversationId, firstSeq, lastSeq } of sorted) {
    const last = found.at(-1);
    if (last?.conversationId === conversationId && firstSeq <= last.lastSeq + 1)
      last.lastSeq = Math.max(last.lastSeq, lastSeq);
    else found.push({ conversationId, firstSeq, lastSeq });
  }
  return found;
}

function byConversationOf<T extends { conversationId: string }>(all: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.conversationId);
    if (group) group.push(one);
    else groups.set(one.conversationId, [one]);
  }
  return groups;
}

function candidateTurn(memoryId: string, { vector, ...recorded }: VectoredTurn): CandidateTurn {
  const { conversationId, seq, role, name, content, saidAt } = recorded;
  return {
    conversationId,
    seq,
    role,
    name,
    content,
    saidAt,
    vector: vector ? scaledFromInt8(vector) : null,
    features: turnFeatures(recorded),
    memoryId,
    recorded,
  };
}

function ownTurn(memory: Memory, vector: Buffer | null): CandidateTurn {
  const said = { content: memory.content, saidAt: memory.createdAt };
  return {
    ...said,
    conversationId: null,
    seq: 0,
    role: 'user',
    name: null,
    vector: vector ? scaledFromInt8(vector) : null,
    features: turnFeatures(said),
    memoryId: memory.id,
    recorded: null,
  };
}

function bytesOf(turn: CandidateTurn): number {
  return (
    BYTES_A_TURN +
    BYTES_A_CHAR * turn.content.length +
    BYTES_A_TERM * (turn.features?.counts.size ?? 0) +
    (turn.vector?.components.byteLength ?? 0)
  );
}
