import type { StoredSentence, Summary, SummaryTier } from '../domain/summary';
import { run, type Queryable } from './pool';

interface Owner {
  namespace: string;
  userId: string;
}

const COLUMNS = `id, tier, version, persona, persona_tags, conversation_id, first_seq, last_seq, frame, sentences,
  source_ids, people, importance, confidence, method, degraded, basis, from_at, to_at, created_at`;

interface SummaryRow {
  id: string;
  tier: SummaryTier;
  version: number;
  persona: string | null;
  persona_tags: string[];
  conversation_id: string | null;
  first_seq: number | null;
  last_seq: number | null;
  frame: string | null;
  sentences: { text: string; source_ids: string[]; said_at: string; persona: string | null }[];
  source_ids: string[];
  people: string[];
  importance: number;
  confidence: number;
  method: string;
  degraded: boolean;
  basis: string;
  from_at: Date;
  to_at: Date;
  created_at: Date;
}

const KEEP_VERSION = {
  name: 'keep-summary-version',
  text: `INSERT INTO summary_versions (namespace, user_id, id, version, frame, sentences, source_ids, method, created_at)
         SELECT namespace, user_id, id, version, frame, sentences, source_ids, method, created_at FROM summaries
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND basis <> $4
         ON CONFLICT DO NOTHING`,
};
const FORGET_OLD_VERSIONS = {
  name: 'forget-old-summary-versions',
  text: `DELETE FROM summary_versions WHERE namespace = $1 AND user_id = $2 AND id = $3
            AND version <= (SELECT version FROM summaries WHERE namespace = $1 AND user_id = $2 AND id = $3) - $4`,
};
/** One of {@link summaryRecord}, as jsonb_to_recordset reads it. */
export const SUMMARY_RECORD = `n (id uuid, tier text, persona text, persona_tags text[], conversation_id text, first_seq bigint,
                last_seq bigint, frame text, sentences jsonb, source_ids uuid[], people text[], importance double precision,
                confidence double precision, method text, degraded boolean, basis text, from_at timestamptz, to_at timestamptz)`;

/**
 * SQL that stores summaries in place of their earlier versions; $1 and $2 are their owner. One made from the same is left
 * as it is, and so is what a language model told of the same.
 * @param records gives SUMMARY_RECORD
 * @param upgradeAfterMs how long a degraded one waits at most for a language model to tell it
 */
export const upsertSummaries = (
  records: string,
  upgradeAfterMs: string,
): string => `INSERT INTO summaries AS s (namespace, user_id, id, tier, persona, persona_tags, conversation_id, first_seq, last_seq,
                frame, sentences, source_ids, people, importance, confidence, method, degraded, basis, from_at, to_at, upgrade_at)
         SELECT $1, $2, n.id, n.tier, n.persona, n.persona_tags, n.conversation_id, n.first_seq, n.last_seq,
                n.frame, n.sentences, n.source_ids, n.people, n.importance, n.confidence, n.method, n.degraded, n.basis,
                n.from_at, n.to_at,
                CASE WHEN n.degraded THEN clock_timestamp() + ${upgradeAfterMs}::double precision * interval '1 ms' END
           FROM ${records} ORDER BY n.id
         ON CONFLICT (namespace, user_id, id) DO UPDATE
            SET version = s.version + 1, persona = excluded.persona, persona_tags = excluded.persona_tags,
                first_seq = excluded.first_seq, last_seq = excluded.last_seq, frame = excluded.frame,
                sentences = excluded.sentences, source_ids = excluded.source_ids, people = excluded.people,
                importance = excluded.importance, confidence = excluded.confidence, method = excluded.method,
                degraded = excluded.degraded, basis = excluded.basis, from_at = excluded.from_at, to_at = excluded.to_at,
                upgrade_at = CASE WHEN excluded.degraded THEN coalesce(s.upgrade_at, excluded.upgrade_at) END,
                upgrade_tried = s.upgrade_tried AND excluded.degraded, created_at = clock_timestamp()
          WHERE s.basis <> excluded.basis OR (s.method = excluded.method AND s.degraded <> excluded.degraded)`;

const SAVE = {
  name: 'save-summary',
  text: upsertSummaries(`jsonb_to_recordset($3) AS ${SUMMARY_RECORD}`, '$4'),
};
const DELETE = {
  name: 'delete-summaries',
  text: 'DELETE FROM summaries WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3)',
};
const DELETE_VERSIONS = {
  name: 'delete-summary-versions',
  text: 'DELETE FROM summary_versions WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3)',
};

/** Arcs keep this many of their earlier versions. */
const KEPT_VERSIONS = 20;

/** A summary that is to be stored. */
export type NewSummary = Omit<Summary, 'version' | 'createdAt'>;

/** What SUMMARY_RECORD reads. */
export function summaryRecord(summary: NewSummary): object {
  return {
    id: summary.id,
    tier: summary.tier,
    persona: summary.persona,
    persona_tags: summary.personaTags,
    conversation_id: summary.conversationId,
    first_seq: summary.firstSeq,
    last_seq: summary.lastSeq,
    frame: summary.frame,
    sentences: storedSentences(summary.sentences),
    source_ids: summary.sourceIds,
    people: summary.people,
    importance: summary.importance,
    confidence: summary.confidence,
    method: summary.method,
    degraded: summary.degraded,
    basis: summary.basis,
    from_at: summary.from,
    to_at: summary.to,
  };
}

/**
 * Stores a summary in place of its earlier version, which arcs keep. See {@link upsertSummaries}.
 * @param upgradeAfterMs how long a degraded one waits at most for a language model to tell it
 * @returns whether anything has changed
 */
export async function saveSummary(
  on: Queryable,
  owner: Owner,
  summary: NewSummary,
  upgradeAfterMs: number,
): Promise<boolean> {
  if (summary.tier === 'arc') await keepVersion(on, owner, summary.id, summary.basis);
  const records = JSON.stringify([summaryRecord(summary)]);
  const saved = await run(on, SAVE, [owner.namespace, owner.userId, records, upgradeAfterMs]);
  return saved.rowCount === 1;
}

/** Keeps what a summary says before it is made from something else. */
export async function keepVersion(on: Queryable, owner: Owner, id: string, newBasis: string): Promise<void> {
  const key = [owner.namespace, owner.userId, id];
  await run(on, KEEP_VERSION, [...key, newBasis]);
  await run(on, FORGET_OLD_VERSIONS, [...key, KEPT_VERSIONS]);
}

/** Deletes summaries that nothing is left of, with what they said before. */
export async function deleteSummaries(on: Queryable, owner: Owner, ids: readonly string[]): Promise<void> {
  await run(on, DELETE, [owner.namespace, owner.userId, ids]);
  await run(on, DELETE_VERSIONS, [owner.namespace, owner.userId, ids]);
}

const FORGET_SAID = {
  name: 'forget-what-arcs-said',
  text: `DELETE FROM summary_versions v WHERE namespace = $1 AND user_id = $2
            AND EXISTS (SELECT 1 FROM jsonb_array_elements(v.sentences) s, jsonb_array_elements_text(s -> 'source_ids') source
                         WHERE source = ANY ($3))`,
};

/** Forgets earlier versions of arcs that tell of these memories; in the transaction that deleted them. */
export async function forgetVersionsOf(
  on: Queryable,
  owner: Owner,
  memoryIds: readonly string[],
): Promise<void> {
  await run(on, FORGET_SAID, [owner.namespace, owner.userId, memoryIds]);
}

const LIST = {
  name: 'list-summaries',
  text: `SELECT ${COLUMNS} FROM summaries
          WHERE namespace = $1 AND user_id = $2 AND ($3::text IS NULL OR tier = $3)
            AND ($4::text IS NULL OR persona = $4 OR $4 = ANY (persona_tags))
            AND ($5::timestamptz IS NULL OR to_at >= $5) AND ($6::timestamptz IS NULL OR from_at < $6)
          ORDER BY from_at DESC, id DESC LIMIT $7`,
};

/** A user's summaries that touch a time, in the order of their time; of more than `limit` the latest. */
export async function listSummaries(
  on: Queryable,
  owner: Owner,
  wanted: {
    tier?: SummaryTier | undefined;
    persona?: string | undefined;
    from?: Date | undefined;
    to?: Date | undefined;
    limit: number;
  },
): Promise<Summary[]> {
  const result = await run<SummaryRow>(on, LIST, [
    owner.namespace,
    owner.userId,
    wanted.tier ?? null,
    wanted.persona ?? null,
    wanted.from ?? null,
    wanted.to ?? null,
    wanted.limit,
  ]);
  return result.rows.map(fromRow).reverse();
}

function fromRow(row: SummaryRow): Summary {
  return {
    id: row.id,
    tier: row.tier,
    version: row.version,
    persona: row.persona,
    personaTags: row.persona_tags,
    conversationId: row.conversation_id,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    frame: row.frame,
    sentences: row.sentences.map((sentence) => ({
      text: sentence.text,
      sourceIds: sentence.source_ids,
      saidAt: new Date(sentence.said_at),
      persona: sentence.persona,
    })),
    sourceIds: row.source_ids,
    people: row.people,
    importance: row.importance,
    confidence: row.confidence,
    method: row.method,
    degraded: row.degraded,
    basis: row.basis,
    from: row.from_at,
    to: row.to_at,
    createdAt: row.created_at,
  };
}

/** As summaries.sentences holds them. */
export function sentencesJson(sentences: readonly StoredSentence[]): string {
  return JSON.stringify(storedSentences(sentences));
}

function storedSentences(sentences: readonly StoredSentence[]): object[] {
  return sentences.map((sentence) => ({
    text: sentence.text,
    source_ids: sentence.sourceIds,
    said_at: sentence.saidAt,
    persona: sentence.persona,
  }));
}

const BY_ID = {
  name: 'summaries-by-id',
  text: `SELECT ${COLUMNS} FROM summaries WHERE namespace = $1 AND user_id = $2 AND id = ANY ($3)`,
};

/** Those of these summaries that there are, in no order. */
export async function summariesById(on: Queryable, owner: Owner, ids: readonly string[]): Promise<Summary[]> {
  const result = await run<SummaryRow>(on, BY_ID, [owner.namespace, owner.userId, ids]);
  return result.rows.map(fromRow);
}

const SEEN_THROUGH = {
  name: 'summary-seen-through',
  text: 'SELECT last_seq FROM summaries WHERE namespace = $1 AND user_id = $2 AND id = $3',
};

/** The last message that an episode's summary has seen; null while there is none. */
export async function summarySeenThrough(on: Queryable, owner: Owner, id: string): Promise<number | null> {
  const row = (await run<{ last_seq: number | null }>(on, SEEN_THROUGH, [owner.namespace, owner.userId, id]))
    .rows[0];
  return row?.last_seq ?? null;
}

const OF_CLOSED_EPISODES = {
  name: 'summaries-of-closed-episodes',
  text: `SELECT ${COLUMNS} FROM summaries s
          WHERE namespace = $1 AND user_id = $2 AND tier = 'episodic'
            AND EXISTS (SELECT 1 FROM episodes e
                         WHERE e.namespace = s.namespace AND e.user_id = s.user_id AND e.conversation_id = s.conversation_id
                           AND e.first_seq = s.first_seq AND e.ended_by IS NOT NULL)
          ORDER BY from_at DESC, id DESC LIMIT $3`,
};

/** The summaries of a user's closed episodes in the order of their time; of more than `limit` the latest. */
export async function summariesOfClosedEpisodes(
  on: Queryable,
  owner: Owner,
  limit: number,
): Promise<Summary[]> {
  const result = await run<SummaryRow>(on, OF_CLOSED_EPISODES, [owner.namespace, owner.userId, limit]);
  return result.rows.map(fromRow).reverse();
}
