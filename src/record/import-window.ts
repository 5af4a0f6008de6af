import type { ImportRef } from '../domain/import';
import type { OpenPart, Release } from '../domain/import-window';
import type { ConversationRef } from '../domain/message';
import { retryDeadlocks, run, type Queryable } from './pool';

/** What its workflow asks about an import at every look. */
export interface ImportLook {
  ended: boolean;
  paused: boolean;
  cancelled: boolean;
  finished: boolean;
  accepted: number;
  indexed: number;
  failed: number;
  /** How long ago any of its messages last became terminal; null for never. */
  stillForMs: number | null;
  /** Imports that run now, this one included: they share the window. */
  running: number;
}

const LOOK = {
  name: 'look-import',
  text: `UPDATE imports i SET driven_at = clock_timestamp()
          WHERE namespace = $1 AND import_id = $2
          RETURNING ended_at IS NOT NULL AS ended, paused_at IS NOT NULL AS paused, cancelled_at IS NOT NULL AS cancelled,
                    finished_at IS NOT NULL AS finished, accepted, indexed, failed,
                    (extract(epoch FROM clock_timestamp() - progressed_at) * 1000)::double precision AS still_for_ms,
                    (SELECT count(*) FROM imports o
                      WHERE o.finished_at IS NULL AND o.paused_at IS NULL
                        AND o.driven_at > clock_timestamp() - interval '30 seconds') AS running`,
};

/** Says that the import is looked after, and how it stands. Null for an unknown one. */
export async function lookAtImport(on: Queryable, ref: ImportRef): Promise<ImportLook | null> {
  const row = (
    await run<Omit<ImportLook, 'stillForMs'> & { still_for_ms: number | null }>(on, LOOK, key(ref))
  ).rows[0];
  if (!row) return null;
  const { still_for_ms: stillForMs, ...look } = row;
  return { ...look, stillForMs };
}

const OPEN = {
  name: 'open-import-parts',
  text: `SELECT p.user_id, p.conversation_id, p.last_seq, p.released_through, p.flushed,
                (extract(epoch FROM clock_timestamp() - greatest(p.told_at,
                  (SELECT max(b.finished_at) FROM batches b
                    WHERE b.namespace = p.namespace AND b.user_id = p.user_id AND b.conversation_id = p.conversation_id
                      AND b.first_seq BETWEEN c.indexed_through - 200 AND c.indexed_through))) * 1000)::double precision AS still_for_ms,
                c.due_through, c.planned_through, c.indexed_through, c.considered_through
           FROM import_conversations p
           JOIN conversations c USING (namespace, user_id, conversation_id)
          WHERE p.namespace = $1 AND p.import_id = $2 AND p.state = 'open'
          ORDER BY p.user_id, p.conversation_id`,
};

/** The parts of an import that are let go and not done. */
export async function openParts(on: Queryable, ref: ImportRef): Promise<OpenPart[]> {
  const result = await run<{
    user_id: string;
    conversation_id: string;
    last_seq: number;
    released_through: number;
    flushed: boolean;
    still_for_ms: number;
    due_through: number;
    planned_through: number;
    indexed_through: number;
    considered_through: number;
  }>(on, OPEN, key(ref));
  return result.rows.map((row) => ({
    ref: { namespace: ref.namespace, userId: row.user_id, conversationId: row.conversation_id },
    lastSeq: row.last_seq,
    releasedThrough: row.released_through,
    flushed: row.flushed,
    stillForMs: row.still_for_ms,
    dueThrough: row.due_through,
    plannedThrough: row.planned_through,
    indexedThrough: row.indexed_through,
    consideredThrough: row.considered_through,
  }));
}

const HELD = {
  name: 'held-import-parts',
  text: `SELECT user_id, conversation_id, last_seq, released_through FROM import_conversations
          WHERE namespace = $1 AND import_id = $2 AND state = 'held' AND waiting >= $3
          ORDER BY waiting DESC LIMIT $4`,
};

export interface HeldPart {
  ref: ConversationRef;
  lastSeq: number;
  releasedThrough: number;
}

/** Parts that nothing is let go of now, those with most to come first, so that no long one is left to the end. */
export async function heldParts(
  on: Queryable,
  ref: ImportRef,
  leastWaiting: number,
  limit: number,
): Promise<HeldPart[]> {
  const result = await run<{
    user_id: string;
    conversation_id: string;
    last_seq: number;
    released_through: number;
  }>(on, HELD, [...key(ref), leastWaiting, limit]);
  return result.rows.map((row) => ({
    ref: { namespace: ref.namespace, userId: row.user_id, conversationId: row.conversation_id },
    lastSeq: row.last_seq,
    releasedThrough: row.released_through,
  }));
}

const RELEASE = {
  name: 'release-import-parts',
  text: `WITH wanted AS MATERIALIZED (
           SELECT * FROM jsonb_to_recordset($3) AS w (user_id text, conversation_id text, through_seq bigint, flush boolean)),
         locked AS MATERIALIZED (
           SELECT c.user_id, c.conversation_id, w.through_seq, w.flush FROM wanted w
             JOIN conversations c ON c.namespace = $1 AND c.user_id = w.user_id AND c.conversation_id = w.conversation_id
            ORDER BY c.namespace, c.user_id, c.conversation_id FOR UPDATE OF c),
         due AS (
           UPDATE conversations c SET due_through = greatest(c.due_through, least(l.through_seq, c.appended_through)),
                                      updated_at = clock_timestamp()
             FROM locked l WHERE c.namespace = $1 AND c.user_id = l.user_id AND c.conversation_id = l.conversation_id)
         UPDATE import_conversations p
            SET state = 'open', released_through = greatest(p.released_through, l.through_seq), flushed = p.flushed OR l.flush,
                told_at = clock_timestamp()
           FROM locked l
          WHERE p.namespace = $1 AND p.import_id = $2 AND p.user_id = l.user_id AND p.conversation_id = l.conversation_id`,
};

/** Lets messages go: from now on they are due. Again is harmless. */
export async function releaseParts(
  on: Queryable,
  ref: ImportRef,
  releases: readonly Release[],
): Promise<void> {
  const rows = releases.map((release) => ({
    user_id: release.ref.userId,
    conversation_id: release.ref.conversationId,
    through_seq: release.throughSeq,
    flush: release.flush,
  }));
  await retryDeadlocks(() => run(on, RELEASE, [...key(ref), JSON.stringify(rows)]));
}

const SET_STATE = {
  name: 'set-import-parts',
  text: `UPDATE import_conversations p SET state = $3, told_at = NULL
           FROM jsonb_to_recordset($4) AS w (user_id text, conversation_id text)
           JOIN conversations c ON c.namespace = $1 AND c.user_id = w.user_id AND c.conversation_id = w.conversation_id
          WHERE p.namespace = $1 AND p.import_id = $2 AND p.user_id = w.user_id AND p.conversation_id = w.conversation_id
            AND ($3 <> 'done' OR c.indexed_through >= p.last_seq)`,
};

/** Notes parts that are done, or that wait for more of their lines. Not done is what has grown meanwhile. */
export async function setParts(
  on: Queryable,
  ref: ImportRef,
  state: 'done' | 'held',
  parts: readonly ConversationRef[],
): Promise<void> {
  const rows = parts.map((part) => ({ user_id: part.userId, conversation_id: part.conversationId }));
  await retryDeadlocks(() => run(on, SET_STATE, [...key(ref), state, JSON.stringify(rows)]));
}

const FINISH = {
  name: 'finish-import',
  text: `UPDATE imports i SET finished_at = coalesce(finished_at, clock_timestamp())
          WHERE namespace = $1 AND import_id = $2 AND ended_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM import_conversations p
                             WHERE p.namespace = $1 AND p.import_id = $2 AND p.state IN ('held', 'open'))`,
};

/** Notes that nothing of the import is left to do. @returns whether that is so */
export async function finishImport(on: Queryable, ref: ImportRef): Promise<boolean> {
  return (await run(on, FINISH, key(ref))).rowCount === 1;
}

const OBSTACLE = {
  name: 'note-import-obstacle',
  text: `WITH concerned AS MATERIALIZED (
           SELECT i.namespace, i.import_id FROM imports i
            WHERE i.namespace = $1 AND i.import_id IN (SELECT p.import_id FROM import_conversations p
                    WHERE p.namespace = $1 AND p.user_id = $2 AND p.conversation_id = $3 AND p.state = 'open')
            ORDER BY i.import_id FOR UPDATE SKIP LOCKED)
         UPDATE imports i SET obstacle = $4, obstacle_at = clock_timestamp() FROM concerned c
          WHERE i.namespace = c.namespace AND i.import_id = c.import_id`,
};

/** Notes for the imports that work on a conversation what its indexing waits for. */
export async function noteObstacle(on: Queryable, ref: ConversationRef, obstacle: string): Promise<void> {
  await run(on, OBSTACLE, [ref.namespace, ref.userId, ref.conversationId, obstacle]);
}

const UNDRIVEN = {
  name: 'undriven-imports',
  text: `SELECT namespace, import_id FROM imports
          WHERE finished_at IS NULL AND (paused_at IS NULL OR cancelled_at IS NOT NULL)
            AND coalesce(driven_at, created_at) < clock_timestamp() - $1 * interval '1 ms'
          ORDER BY coalesce(driven_at, created_at) LIMIT $2`,
};

/** Unfinished imports that no workflow has looked after for a while. */
export async function undrivenImports(on: Queryable, forMs: number, limit: number): Promise<ImportRef[]> {
  const result = await run<{ namespace: string; import_id: string }>(on, UNDRIVEN, [forMs, limit]);
  return result.rows.map((row) => ({ namespace: row.namespace, importId: row.import_id }));
}

function key(ref: ImportRef): [string, string] {
  return [ref.namespace, ref.importId];
}
