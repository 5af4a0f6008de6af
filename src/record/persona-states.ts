import { randomUUID } from 'node:crypto';
import type { PersonaSource } from '../domain/persona-choice';
import { run, type Queryable } from './pool';

/** What one request found of its user's persona. */
export interface ObservedPersona {
  persona: string;
  confidence: number;
  source: PersonaSource;
  mood: string | null;
  active: readonly string[];
  /** How probable each persona was. */
  scores: Readonly<Record<string, number>>;
}

/** A user's persona from one change to the next. */
export interface PersonaState extends ObservedPersona {
  snapshotId: string;
  /** Requests that found it so. */
  requests: number;
  since: Date;
  seenAt: Date;
}

interface Owner {
  namespace: string;
  userId: string;
}

interface StateRow {
  snapshot_id: string;
  persona: string;
  confidence: number;
  source: PersonaSource;
  mood: string | null;
  active: string[];
  scores: Record<string, number>;
  requests: number;
  since: Date;
  seen_at: Date;
}

/** Older shifts are forgotten. */
const MAX_STATES = 50;
const COLUMNS = 'snapshot_id, persona, confidence, source, mood, active, scores, requests, since, seen_at';

const READ = {
  name: 'persona-states',
  text: `SELECT ${COLUMNS} FROM persona_states WHERE namespace = $1 AND user_id = $2
          ORDER BY seen_at DESC, snapshot_id LIMIT $3`,
};

/** A user's persona and the ones before it, newest first. */
export async function readPersonaStates(on: Queryable, owner: Owner, limit: number): Promise<PersonaState[]> {
  const result = await run<StateRow>(on, READ, [owner.namespace, owner.userId, limit]);
  return result.rows.map((row) => ({
    snapshotId: row.snapshot_id,
    persona: row.persona,
    confidence: row.confidence,
    source: row.source,
    mood: row.mood,
    active: row.active,
    scores: row.scores,
    requests: row.requests,
    since: row.since,
    seenAt: row.seen_at,
  }));
}

// Only for users that there are: a question about nobody leaves nothing behind.
const OBSERVE = {
  name: 'observe-persona',
  text: `WITH known AS (
           SELECT 1 FROM users WHERE namespace = $1 AND user_id = $2),
         newest AS (
           SELECT snapshot_id, persona, mood FROM persona_states WHERE namespace = $1 AND user_id = $2
            ORDER BY seen_at DESC, snapshot_id LIMIT 1),
         same AS (
           UPDATE persona_states s SET confidence = $5, source = $6, active = $8, scores = $9, requests = s.requests + 1,
                  seen_at = clock_timestamp()
             FROM newest n
            WHERE s.namespace = $1 AND s.user_id = $2 AND s.snapshot_id = n.snapshot_id AND n.persona = $4
              AND n.mood IS NOT DISTINCT FROM $7
           RETURNING s.snapshot_id),
         fresh AS (
           INSERT INTO persona_states (namespace, user_id, snapshot_id, persona, confidence, source, mood, active, scores)
           SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM known WHERE NOT EXISTS (SELECT 1 FROM same)
           RETURNING snapshot_id),
         old AS (
           DELETE FROM persona_states s USING (
             SELECT snapshot_id FROM persona_states WHERE namespace = $1 AND user_id = $2
              ORDER BY seen_at DESC, snapshot_id OFFSET ${MAX_STATES - 1}) AS o
            WHERE s.namespace = $1 AND s.user_id = $2 AND s.snapshot_id = o.snapshot_id
              AND EXISTS (SELECT 1 FROM fresh))
         SELECT snapshot_id FROM same UNION ALL SELECT snapshot_id FROM fresh`,
};

/**
 * Notes a request's persona: more of the same, or a shift with a snapshot of its own.
 * @returns the snapshot that is the user's state now; null for a user who has stored nothing
 */
export async function observePersona(
  on: Queryable,
  owner: Owner,
  observed: ObservedPersona,
): Promise<string | null> {
  const result = await run<{ snapshot_id: string }>(on, OBSERVE, [
    owner.namespace,
    owner.userId,
    randomUUID(),
    observed.persona,
    observed.confidence,
    observed.source,
    observed.mood,
    observed.active,
    JSON.stringify(observed.scores),
  ]);
  return result.rows[0]?.snapshot_id ?? null;
}
