import type { PendingTurn } from '../domain/batching';
import type { ConversationRef } from '../domain/message';
import { STATE_COLUMNS, stateFromRow, type ConversationState, type StateRow } from './conversations';
import { run, type Queryable } from './pool';

/** How many pending messages one planning looks at; above MAX_BATCH_MESSAGES, so that a page never cuts a batch short. */
export const PLANNING_PAGE_MESSAGES = 2_000;

/** What a plan is made from. */
export interface PlanningBasis {
  state: ConversationState;
  /** The due messages that are in no batch, in order, a page of them. */
  pending: PendingTurn[];
  /** By Postgres' clock. */
  nowMs: number;
}

const MS = (moment: string): string => `floor(extract(epoch FROM ${moment}) * 1000)`;
const BASIS = {
  name: 'planning-basis',
  text: `SELECT ${STATE_COLUMNS}, ${MS('clock_timestamp()')}::double precision AS now_ms,
                (SELECT coalesce(json_agg(json_build_array(m.seq, ${MS('m.stored_at')}, m.import_id IS NOT NULL, ${MS('m.said_at')})
                                          ORDER BY m.seq), '[]')
                   FROM (SELECT seq, stored_at, import_id, said_at FROM messages
                          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
                            AND seq > c.planned_through AND seq <= c.due_through
                          ORDER BY seq LIMIT ${PLANNING_PAGE_MESSAGES}) m) AS pending
           FROM conversations c WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3`,
};

type PendingRow = [seq: number, storedAtMs: number, imported: boolean, saidAtMs: number | null];

/** Null for an unknown conversation. */
export async function planningBasis(on: Queryable, ref: ConversationRef): Promise<PlanningBasis | null> {
  const result = await run<StateRow & { now_ms: number; pending: PendingRow[] }>(on, BASIS, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
  ]);
  const row = result.rows[0];
  if (!row) return null;
  return { state: stateFromRow(row), pending: row.pending.map(turnFromRow), nowMs: row.now_ms };
}

function turnFromRow([seq, arrivedAtMs, imported, saidAtMs]: PendingRow): PendingTurn {
  return imported ? { seq, arrivedAtMs, importedSaidAtMs: saidAtMs } : { seq, arrivedAtMs };
}
