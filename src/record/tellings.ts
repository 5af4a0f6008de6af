import type { StoredSentence, Summary } from '../domain/summary';
import type { WaitingSummary } from '../domain/telling';
import { run, type Queryable } from './pool';
import { keepVersion, sentencesJson } from './summaries';

interface Owner {
  namespace: string;
  userId: string;
}

/** One look takes no more of them. */
const WAITING_A_LOOK = 500;
const UNHINDERED = `degraded AND upgrade_at IS NOT NULL AND (NOT upgrade_tried OR upgrade_at <= clock_timestamp())`;

const EPISODES = {
  name: 'episodes-waiting-for-model',
  text: `SELECT s.id, s.version, s.last_seq - s.first_seq + 1 AS messages, s.upgrade_at <= clock_timestamp() AS due
           FROM summaries s
          WHERE namespace = $1 AND user_id = $2 AND tier = 'episodic' AND ${UNHINDERED}
            AND EXISTS (SELECT 1 FROM episodes e
                         WHERE e.namespace = s.namespace AND e.user_id = s.user_id AND e.conversation_id = s.conversation_id
                           AND e.first_seq = s.first_seq AND e.ended_by IS NOT NULL AND e.stale_since IS NULL)
          ORDER BY s.from_at, s.id LIMIT ${WAITING_A_LOOK}`,
};

/** A user's ended episodes that a language model is to tell, the oldest first, with the number of their messages. */
export async function episodesWaiting(
  on: Queryable,
  owner: Owner,
): Promise<(WaitingSummary & { messages: number })[]> {
  const result = await run<WaitingSummary & { messages: number }>(on, EPISODES, [
    owner.namespace,
    owner.userId,
  ]);
  return result.rows;
}

const ENDED_MESSAGES = `coalesce((SELECT sum(last_seq - first_seq + 1) FROM episodes
  WHERE namespace = $1 AND user_id = $2 AND ended_by IS NOT NULL), 0)::bigint`;
const ARCS = {
  name: 'arcs-waiting-for-model',
  text: `SELECT id, version, upgrade_at <= clock_timestamp() AS due,
                ${ENDED_MESSAGES} - coalesce((SELECT max(told_messages) FROM summaries
                  WHERE namespace = $1 AND user_id = $2 AND tier = 'arc'), 0) AS untold
           FROM summaries WHERE namespace = $1 AND user_id = $2 AND tier = 'arc' AND ${UNHINDERED}
          ORDER BY to_at DESC, id LIMIT ${WAITING_A_LOOK}`,
};

/** A user's long lines that a language model is to tell, the latest first, and how many messages none was told with. */
export async function arcsWaiting(
  on: Queryable,
  owner: Owner,
): Promise<{ waiting: WaitingSummary[]; untoldMessages: number }> {
  const result = await run<WaitingSummary & { untold: number }>(on, ARCS, [owner.namespace, owner.userId]);
  return {
    waiting: result.rows.map(({ id, version, due }) => ({ id, version, due })),
    untoldMessages: result.rows[0]?.untold ?? 0,
  };
}

const TELL = {
  name: 'tell-summary',
  text: `UPDATE summaries
            SET version = version + 1, sentences = $5, confidence = $6, method = $7, degraded = false, upgrade_at = NULL,
                upgrade_tried = false, created_at = clock_timestamp(),
                told_messages = CASE WHEN tier = 'arc' THEN ${ENDED_MESSAGES} END
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND version = $4 AND degraded`,
};

/** Puts what a language model told in the place of a summary. @returns false when that was made again meanwhile */
export async function tellSummary(
  on: Queryable,
  owner: Owner,
  told: {
    id: string;
    version: number;
    sentences: readonly StoredSentence[];
    confidence: number;
    method: string;
  },
): Promise<boolean> {
  const { id, version, sentences, confidence, method } = told;
  const values = [owner.namespace, owner.userId, id, version, sentencesJson(sentences), confidence, method];
  return (await run(on, TELL, values)).rowCount === 1;
}

const AWAIT = {
  name: 'await-telling',
  text: `UPDATE summaries SET degraded = true, upgrade_at = clock_timestamp() + $4 * interval '1 ms', upgrade_tried = false
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND NOT degraded`,
};

/** Has a summary that a language model told, and that is behind, wait to be told again; until then it stands. */
export async function awaitTelling(on: Queryable, owner: Owner, id: string, afterMs: number): Promise<void> {
  await run(on, AWAIT, [owner.namespace, owner.userId, id, afterMs]);
}

const RENEW = {
  name: 'renew-arc',
  text: `UPDATE summaries
            SET frame = $5, source_ids = $6, people = $7, importance = $8, basis = $9, from_at = $10, to_at = $11
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND version = $4 AND degraded`,
};

/** What a long line is told from, beside its sentences. */
export type ArcSources = Pick<
  Summary,
  'frame' | 'sourceIds' | 'people' | 'importance' | 'basis' | 'from' | 'to'
>;

/** Brings a long line that stood while episodes came to what it is now told from; right before tellSummary, which see. */
export async function renewArc(
  on: Queryable,
  owner: Owner,
  { id, version }: { id: string; version: number },
  sources: ArcSources,
): Promise<void> {
  const { frame, sourceIds, people, importance, basis, from, to } = sources;
  await keepVersion(on, owner, id, basis);
  const values = [owner.namespace, owner.userId, id, version];
  await run(on, RENEW, [...values, frame, sourceIds, people, importance, basis, from, to]);
}

const POSTPONE = {
  name: 'postpone-tellings',
  text: `UPDATE summaries SET upgrade_tried = true, upgrade_at = greatest($4, clock_timestamp())
          WHERE namespace = $1 AND user_id = $2 AND ($3::uuid[] IS NULL OR id = ANY ($3)) AND degraded AND upgrade_at IS NOT NULL`,
};

/** Leaves summaries (null: all of the user's) as they are until then. */
export async function postponeTellings(
  on: Queryable,
  owner: Owner,
  ids: readonly string[] | null,
  until: Date,
): Promise<void> {
  await run(on, POSTPONE, [owner.namespace, owner.userId, ids, until]);
}

const NOTHING_TOLD = {
  name: 'nothing-told',
  text: `UPDATE summaries SET upgrade_tried = true,
                upgrade_at = clock_timestamp() + greatest($5 * interval '1 ms', clock_timestamp() - created_at)
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND version = $4 AND degraded AND upgrade_at IS NOT NULL`,
};

/** Nothing that was told of it holds: each time it waits twice as long, so that it is not paid for again and again. */
export async function noteNothingTold(
  on: Queryable,
  owner: Owner,
  { id, version }: { id: string; version: number },
  atLeastMs: number,
): Promise<void> {
  await run(on, NOTHING_TOLD, [owner.namespace, owner.userId, id, version, atLeastMs]);
}

// By chance, so that users who stay behind do not stand before all others.
const USERS_DUE = {
  name: 'users-with-tellings-due',
  text: `SELECT namespace, user_id FROM (
           SELECT DISTINCT namespace, user_id FROM summaries WHERE upgrade_at <= clock_timestamp()) AS due
          ORDER BY random() LIMIT $1`,
};

/** Users with summaries that have waited for a language model as long as they may. */
export async function usersWithTellingsDue(on: Queryable, limit: number): Promise<Owner[]> {
  const result = await run<{ namespace: string; user_id: string }>(on, USERS_DUE, [limit]);
  return result.rows.map((row) => ({ namespace: row.namespace, userId: row.user_id }));
}
