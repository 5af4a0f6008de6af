import type { Pool } from 'pg';
import { uuidV5 } from '../domain/ids';
import type { Memory } from '../domain/memory';
import { markIndexPending } from './index-pending';
import { LIVE_MEMORY, MEMORY_COLUMNS, memoryFromRow, saveMemories, type MemoryRow } from './memories';
import { run, transaction, type Queryable } from './pool';
import type { Scope } from './scope';

/** A user to look through. */
export interface CompactionUser {
  namespace: string;
  userId: string;
  /** Its place in the order of all users. */
  hash: string;
}

const HASH = `md5(namespace || E'\\n' || user_id)`;
const NEXT = {
  name: 'next-user-to-compact',
  text: `SELECT namespace, user_id, ${HASH} AS hash FROM users u
          WHERE ($1::text IS NULL OR namespace = $1) AND ($2::text IS NULL OR user_id = $2)
            AND ($3::text IS NULL OR ${HASH} > $3)
            AND ($2::text IS NOT NULL OR compacted_at IS NULL OR EXISTS (
                 SELECT 1 FROM memories m WHERE m.namespace = u.namespace AND m.user_id = u.user_id
                    AND m.stored_at > u.compacted_at))
          ORDER BY ${HASH} LIMIT 1`,
};

/** The next user behind `after` who has memories that no compaction has seen; a named user always. */
export async function nextUserToCompact(
  on: Queryable,
  scope: Scope,
  after: string | null,
): Promise<CompactionUser | null> {
  const result = await run<{ namespace: string; user_id: string; hash: string }>(on, NEXT, [
    scope.namespace,
    scope.userId,
    after,
  ]);
  const row = result.rows[0];
  return row ? { namespace: row.namespace, userId: row.user_id, hash: row.hash } : null;
}

/** What of a memory is compared with others. */
export interface CompactionCandidate {
  id: string;
  text: string;
  /** Who speaks, turn by turn; empty for what nobody said. Only what is alike in it is compared. */
  kind: string;
}

const SPEAKERS_OF = (memory: string): string => `(
                  SELECT string_agg(t.role || ' ' || coalesce(t.name, ''), E'\\n' ORDER BY t.seq) FROM messages t
                   WHERE ${memory}.tier = 'raw' AND t.namespace = $1 AND t.user_id = $2
                     AND t.conversation_id = ${memory}.conversation_id
                     AND t.seq BETWEEN ${memory}.first_seq AND ${memory}.last_seq)`;

// A memory that was merged is of its sources' speakers. What ends by itself is left to its end.
const CANDIDATES = {
  name: 'compaction-candidates',
  text: `SELECT m.id, m.content, coalesce(${SPEAKERS_OF('m')}, (
                  SELECT ${SPEAKERS_OF('s')} FROM memories s
                   WHERE s.namespace = $1 AND s.user_id = $2 AND s.superseded_by = m.id AND s.tier = 'raw'
                   ORDER BY s.id LIMIT 1), '') AS kind
           FROM memories m
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.tier IN ('raw', 'fact') AND m.expires_at IS NULL
            AND m.deleted_at IS NULL AND m.superseded_by IS NULL
          ORDER BY m.created_at DESC, m.id LIMIT $3`,
};

/** A user's memories that may be merged, newest first. */
export async function compactionCandidates(
  on: Queryable,
  owner: { namespace: string; userId: string },
  limit: number,
): Promise<CompactionCandidate[]> {
  const result = await run<{ id: string; content: string; kind: string }>(on, CANDIDATES, [
    owner.namespace,
    owner.userId,
    limit,
  ]);
  return result.rows.map((row) => ({ id: row.id, text: row.content, kind: row.kind }));
}

const LOCK = {
  name: 'lock-to-merge',
  text: `SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND expires_at IS NULL AND ${LIVE_MEMORY}
          ORDER BY id FOR UPDATE`,
};
const SUPERSEDE = {
  name: 'supersede-memories',
  text: 'UPDATE memories SET superseded_by = $4 WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3)',
};
// The vector of what is kept, as it is: nothing is embedded again. That of a batch of several turns is left to the index.
const INHERIT_VECTOR = {
  name: 'inherit-vector',
  text: `INSERT INTO memory_vectors (namespace, user_id, memory_id, embedder, vector)
         SELECT $1::text, $2::text, $4::uuid, v.embedder, v.vector FROM memory_vectors v
          WHERE v.namespace = $1 AND v.user_id = $2 AND v.memory_id = $3
         UNION ALL
         SELECT $1::text, $2::text, $4::uuid, v.embedder, v.vector FROM memories m
           JOIN turn_vectors v ON v.namespace = $1 AND v.user_id = $2 AND v.conversation_id = m.conversation_id
            AND v.seq = m.first_seq
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = $3 AND m.tier = 'raw' AND m.first_seq = m.last_seq
            AND NOT m.content_edited
         ON CONFLICT DO NOTHING`,
};
const COMPACTED = {
  name: 'note-compacted',
  text: 'UPDATE users SET compacted_at = $3 WHERE namespace = $1 AND user_id = $2',
};
const NOW = { name: 'compaction-now', text: 'SELECT clock_timestamp() AS now' };

/** The time by which a compaction that begins now has seen everything. */
export async function compactionClock(on: Queryable): Promise<Date> {
  return (await run<{ now: Date }>(on, NOW)).rows[0]!.now;
}

export async function noteCompacted(
  on: Queryable,
  owner: { namespace: string; userId: string },
  at: Date,
): Promise<void> {
  await run(on, COMPACTED, [owner.namespace, owner.userId, at]);
}

/**
 * Merges memories into one that carries the messages and dates of all; they are kept as its history, and no longer
 * recalled. What was changed meanwhile stays out of it.
 * @returns how many were merged (0: fewer than two were left), and whose index objects change
 */
export async function mergeMemories(
  pool: Pool,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
  merge: (sources: readonly Memory[], id: string) => { memory: Memory; representative: Memory },
): Promise<{ merged: number; changed: string[] }> {
  return transaction(pool, async (client) => {
    const key = [owner.namespace, owner.userId];
    const locked = await run<MemoryRow>(client, LOCK, [...key, ids]);
    if (locked.rows.length < 2) return { merged: 0, changed: [] };
    const sources = locked.rows.map(memoryFromRow);
    const sourceIds = sources.map((memory) => memory.id);
    const { memory, representative } = merge(
      sources,
      uuidV5(['merged', owner.namespace, owner.userId, ...sourceIds]),
    );
    await saveMemories(client, owner, [memory]);
    await run(client, INHERIT_VECTOR, [...key, representative.id, memory.id]);
    await run(client, SUPERSEDE, [...key, sourceIds, memory.id]);
    const changed = [...sourceIds, memory.id];
    await markIndexPending(client, owner, changed);
    return { merged: sourceIds.length, changed };
  });
}
