import type { Pool } from 'pg';
import { volumeOf, type ConversationPolicy, type Volume } from '../domain/policy';
import { effectivePolicy } from '../domain/effective-policy';
import type { ConversationRef } from '../domain/message';
import { failedRanges, type FailedRange } from './batches';
import { conversationState } from './conversations';
import { run, snapshot, type Queryable } from './pool';

export type Phase = 'idle' | 'buffering' | 'indexing' | 'held';

/** What `GET /v1/conversations/{id}` shows. */
export interface ConversationView {
  phase: Phase;
  appendedThrough: number;
  /** Everything up to it is indexed or failed. */
  indexedThrough: number;
  /** Messages that are neither indexed nor failed. */
  pending: number;
  failed: FailedRange[];
  /** When the window of what is pending ends; null when no window runs. */
  nextFlushAt: Date | null;
  volume: Volume;
  policy: ConversationPolicy;
}

const PROGRESS = {
  name: 'conversation-progress',
  text: `SELECT coalesce(sum(last_seq - first_seq + 1) FILTER (WHERE status = 'planned'), 0)::bigint AS planned,
                (SELECT min(stored_at) FROM messages m
                  WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3 AND m.seq > $4 AND m.seq <= $5
                    AND m.import_id IS NULL) AS waiting_since
           FROM batches WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND status = 'planned'`,
};

/** A conversation as it stood in the record at one moment; null for an unknown one. */
export async function conversationView(
  pool: Pool,
  ref: ConversationRef,
  defaults: ConversationPolicy,
): Promise<ConversationView | null> {
  return snapshot(pool, (client) => viewIn(client, ref, defaults));
}

async function viewIn(
  on: Queryable,
  ref: ConversationRef,
  defaults: ConversationPolicy,
): Promise<ConversationView | null> {
  const state = await conversationState(on, ref);
  if (!state) return null;
  const values = [ref.namespace, ref.userId, ref.conversationId, state.plannedThrough, state.dueThrough];
  const row = (await run<{ planned: number; waiting_since: Date | null }>(on, PROGRESS, values)).rows[0];
  const planned = row?.planned ?? 0;
  const waitingSince = row?.waiting_since ?? null;
  const policy = effectivePolicy(defaults, {
    ingestion: state.ingestionPolicy,
    retrieval: state.retrievalPolicy,
  });
  return {
    phase: phaseOf({
      planned,
      buffered: state.dueThrough - state.plannedThrough,
      held: state.appendedThrough - state.dueThrough,
    }),
    appendedThrough: state.appendedThrough,
    indexedThrough: state.indexedThrough,
    pending: planned + state.appendedThrough - state.plannedThrough,
    failed: await failedRanges(on, ref),
    nextFlushAt: waitingSince ? new Date(waitingSince.getTime() + policy.ingestion.flushIntervalMs) : null,
    volume: volumeOf(state.appendedThrough, policy.ingestion),
    policy,
  };
}

/** What a conversation is doing, from how many of its messages are planned, buffered or held by an import. */
export function phaseOf(counts: { planned: number; buffered: number; held: number }): Phase {
  if (counts.planned > 0) return 'indexing';
  if (counts.buffered > 0) return 'buffering';
  return counts.held > 0 ? 'held' : 'idle';
}
