import type { ConversationRef } from '../domain/message';
import type { PersonaTag } from '../domain/persona-tags';
import type { TaggedMemory, ToldPersonas } from '../domain/unsure-personas';
import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';

// By their last message: a batch that two windows share is whole only when the later one is read.
const TAGGED = {
  name: 'tagged-memories',
  text: `SELECT m.id, m.first_seq, m.last_seq, m.persona_tags, r.personas FROM memories m
           JOIN memory_readings r ON r.namespace = $1 AND r.user_id = $2 AND r.memory_id = m.id
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.conversation_id = $3 AND m.tier = 'raw'
            AND m.last_seq BETWEEN $4 AND $5 AND r.told_personas IS NULL AND ${LIVE_MEMORY}
          ORDER BY m.first_seq`,
};

/** The raw memories that end in a range of messages, with what they were read as; none that a language model has tagged. */
export async function taggedMemories(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  lastSeq: number,
): Promise<TaggedMemory[]> {
  const values = [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq];
  const result = await run<{
    id: string;
    first_seq: number;
    last_seq: number;
    persona_tags: string[];
    personas: PersonaTag[];
  }>(on, TAGGED, values);
  return result.rows.map((row) => ({
    memoryId: row.id,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    personas: row.personas,
    tags: row.persona_tags,
  }));
}

const TOLD = `jsonb_to_recordset($3) AS t (id uuid, tags text[], before text[])`;
const NOTE = {
  name: 'note-told-personas',
  text: `UPDATE memory_readings r SET told_personas = t.tags, told_by = $4
           FROM ${TOLD} JOIN memories m ON m.namespace = $1 AND m.user_id = $2 AND m.id = t.id
          WHERE r.namespace = $1 AND r.user_id = $2 AND r.memory_id = t.id AND m.persona_tags = t.before AND ${LIVE_MEMORY}`,
};
const TAG = {
  name: 'tag-as-told',
  text: `UPDATE memories m SET persona_tags = t.tags FROM ${TOLD}
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = t.id AND m.persona_tags = t.before
            AND m.persona_tags <> t.tags AND ${LIVE_MEMORY}
         RETURNING m.id`,
};

/**
 * Tags memories as a language model says, and notes that it was the one; in a transaction that holds them. Tags that
 * somebody has set meanwhile stay.
 * @returns the memories whose tags have changed
 */
export async function saveToldPersonas(
  on: Queryable,
  owner: { namespace: string; userId: string },
  told: readonly ToldPersonas[],
  model: string,
): Promise<string[]> {
  if (told.length === 0) return [];
  const rows = JSON.stringify(told.map(({ memoryId, tags, before }) => ({ id: memoryId, tags, before })));
  await run(on, NOTE, [owner.namespace, owner.userId, rows, model]);
  const changed = await run<{ id: string }>(on, TAG, [owner.namespace, owner.userId, rows]);
  return changed.rows.map((row) => row.id);
}
