import type { Memory } from '../domain/memory';
import type { Turn } from '../domain/message';
import { CONTEXT_TURNS } from './facts';
import { LIVE_MEMORY, isWithdrawn } from './memories';
import { run, type Queryable } from './pool';
import type { Scope } from './scope';

/** A user, and their place in the order in which users are gone through: a hash, so that no history names them. */
export interface PlacedUser {
  namespace: string;
  userId: string;
  hash: string;
}

const HASH = `md5(namespace || E'\\n' || user_id)`;
const NEXT = {
  name: 'next-user-to-reindex',
  text: `SELECT namespace, user_id, ${HASH} AS hash FROM users
          WHERE ($1::text IS NULL OR namespace = $1) AND ($2::text IS NULL OR user_id = $2)
            AND ($3::text IS NULL OR ${HASH} > $3 OR ($4 AND ${HASH} = $3))
          ORDER BY ${HASH} LIMIT 1`,
};

/** The next user behind `after`, or that user again. Null: no more. */
export async function nextUser(
  on: Queryable,
  scope: Scope,
  after: string | null,
  again: boolean,
): Promise<PlacedUser | null> {
  const values = [scope.namespace, scope.userId, after, again];
  const row = (await run<{ namespace: string; user_id: string; hash: string }>(on, NEXT, values)).rows[0];
  return row ? { namespace: row.namespace, userId: row.user_id, hash: row.hash } : null;
}

interface Owner {
  namespace: string;
  userId: string;
}

const INDEXED = `tier IN ('raw', 'fact') AND ${LIVE_MEMORY}`;
// Whatever changes a row gives it another xmin. The raw memories just before one help to index it.
const VERSION = `concat_ws(' ', m.xmin, (
           SELECT string_agg(concat_ws(' ', p.id, p.xmin), ' ' ORDER BY p.first_seq) FROM (
             SELECT d.id, d.xmin, d.first_seq FROM memories d
              WHERE d.namespace = $1 AND d.user_id = $2 AND d.conversation_id = m.conversation_id
                AND d.first_seq < m.first_seq AND d.tier = 'raw' ORDER BY d.first_seq DESC LIMIT ${CONTEXT_TURNS}) AS p
         )) AS version`;
const PAGE = {
  name: 'reindex-page',
  text: `SELECT id, tier, content_edited, conversation_id, first_seq, ${VERSION} FROM memories m
          WHERE namespace = $1 AND user_id = $2 AND id > $3 AND ${INDEXED} ORDER BY id LIMIT $4`,
};

/** A memory, and a version of what its index object is made of: of itself, and of those before it. */
export interface ReindexedMemory {
  memory: Pick<Memory, 'id' | 'tier' | 'contentEdited' | 'conversationId' | 'firstSeq'>;
  version: string;
}

interface PageRow {
  id: string;
  tier: Memory['tier'];
  content_edited: boolean;
  conversation_id: string | null;
  first_seq: number | null;
  version: string;
}

/** A page of the memories that the index is to hold, in the order of their ids. */
export async function indexedMemories(
  on: Queryable,
  owner: Owner,
  afterId: string,
  limit: number,
): Promise<ReindexedMemory[]> {
  const values = [owner.namespace, owner.userId, afterId, limit];
  const { rows } = await run<PageRow>(on, PAGE, values);
  return rows.map((row) => ({
    memory: {
      id: row.id,
      tier: row.tier,
      conversationId: row.conversation_id,
      firstSeq: row.first_seq,
      ...(row.content_edited ? { contentEdited: true as const } : {}),
    },
    version: row.version,
  }));
}

const VERSIONS = {
  name: 'reindex-versions',
  text: `SELECT id, ${VERSION} FROM memories m
          WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${INDEXED}`,
};

/** Which of these are not what they were when they were read: changed, gone, or with others before them. */
export async function changedSince(
  on: Queryable,
  owner: Owner,
  read: readonly ReindexedMemory[],
): Promise<string[]> {
  if (read.length === 0) return [];
  const ids = read.map(({ memory }) => memory.id);
  const values = [owner.namespace, owner.userId, ids];
  const { rows } = await run<{ id: string; version: string }>(on, VERSIONS, values);
  const now = new Map(rows.map((row) => [row.id, row.version]));
  return read.filter(({ memory, version }) => now.get(memory.id) !== version).map(({ memory }) => memory.id);
}

const AMONG = {
  name: 'indexed-among',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3) AND ${INDEXED}`,
};

/** Which of these the index is to hold. */
export async function indexedAmong(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const result = await run<{ id: string }>(on, AMONG, [owner.namespace, owner.userId, ids]);
  return new Set(result.rows.map((row) => row.id));
}

// What is withdrawn must not help to index its neighbours.
const TURNS = {
  name: 'reindex-turns',
  text: `SELECT m.id AS memory_id, t.seq, t.role, t.name, t.content,
               coalesce(t.said_at, t.stored_at) AS at, v.vector
           FROM memories m
           JOIN messages t ON t.namespace = $1 AND t.user_id = $2 AND t.conversation_id = m.conversation_id
            AND t.seq BETWEEN m.first_seq - ${CONTEXT_TURNS} AND m.last_seq
           LEFT JOIN turn_vectors v ON v.namespace = $1 AND v.user_id = $2 AND v.conversation_id = m.conversation_id
            AND v.seq = t.seq AND v.embedder = $4 AND t.seq >= m.first_seq
           LEFT JOIN LATERAL (
             SELECT d.last_seq >= t.seq AND ${isWithdrawn('d')} AS out_of_context
               FROM memories d
              WHERE t.seq < m.first_seq AND d.namespace = $1 AND d.user_id = $2 AND d.conversation_id = m.conversation_id
                AND d.first_seq <= t.seq AND d.tier = 'raw' ORDER BY d.first_seq DESC LIMIT 1) c ON true
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = ANY ($3) AND m.tier = 'raw'
            AND NOT coalesce(c.out_of_context, false)
          ORDER BY m.id, t.seq`,
};

/** A turn of a memory, or one before it that helps to index it; of its times there is the one that counts. */
export interface ReindexedTurn extends Pick<
  Turn,
  'seq' | 'role' | 'name' | 'content' | 'timestamp' | 'storedAt'
> {
  /** Null if there is none of this embedder, and of those before. */
  vector: Buffer | null;
}

/** The turns of these raw memories and what stands before them, by memory, in one read. */
export async function turnsToReindex(
  on: Queryable,
  owner: Owner,
  ids: readonly string[],
  embedderName: string | null,
): Promise<Map<string, ReindexedTurn[]>> {
  const byMemory = new Map<string, ReindexedTurn[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return byMemory;
  const result = await run<{
    memory_id: string;
    seq: number;
    role: Turn['role'];
    name: string | null;
    content: string;
    at: Date;
    vector: Buffer | null;
  }>(on, TURNS, [owner.namespace, owner.userId, ids, embedderName]);
  for (const row of result.rows)
    byMemory.get(row.memory_id)?.push({
      seq: row.seq,
      role: row.role,
      name: row.name,
      content: row.content,
      timestamp: row.at,
      storedAt: row.at,
      vector: row.vector,
    });
  return byMemory;
}
