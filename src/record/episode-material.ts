import type { ConversationRef, Role } from '../domain/message';
import { LIVE_MEMORY } from './memories';
import { run, type Queryable } from './pool';

/** A raw memory of an episode, with what was said in it. */
export interface EpisodeMemory {
  id: string;
  importance: number;
  personaTags: string[];
  /** Set by hand: it, not the turns, is what the memory says. */
  editedContent: string | null;
  turns: { role: Role; name: string | null; content: string; saidAt: Date }[];
}

// The inner ORDER BYs name the indexes to read by: before its tables are analyzed for the first time, as in a first
// import, Postgres would rather read all of the user's memories once for each message.
const MATERIAL = {
  name: 'episode-material',
  text: `SELECT m.id, m.importance, m.persona_tags, CASE WHEN m.content_edited THEN m.content END AS edited,
                t.role, t.name, t.content, t.said_at
           FROM (SELECT id, importance, persona_tags, content, content_edited, first_seq, last_seq FROM memories
                  WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND tier = 'raw'
                    AND first_seq BETWEEN $4 AND $5 AND ${LIVE_MEMORY}
                  ORDER BY first_seq OFFSET 0) m
          CROSS JOIN LATERAL
                (SELECT seq, role, name, content, coalesce(said_at, stored_at) AS said_at FROM messages
                  WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
                    AND seq BETWEEN greatest(m.first_seq, $4) AND least(m.last_seq, $5)
                  ORDER BY seq OFFSET 0) t
          ORDER BY t.seq`,
};

/** The raw memories of a range that can be recalled, in order. */
export async function episodeMaterial(
  on: Queryable,
  ref: ConversationRef,
  firstSeq: number,
  lastSeq: number,
): Promise<EpisodeMemory[]> {
  const values = [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq];
  const result = await run<{
    id: string;
    importance: number;
    persona_tags: string[];
    edited: string | null;
    role: Role;
    name: string | null;
    content: string;
    said_at: Date;
  }>(on, MATERIAL, values);
  const memories = new Map<string, EpisodeMemory>();
  for (const row of result.rows) {
    let memory = memories.get(row.id);
    if (!memory) {
      memory = {
        id: row.id,
        importance: row.importance,
        personaTags: row.persona_tags,
        editedContent: row.edited,
        turns: [],
      };
      memories.set(row.id, memory);
    }
    memory.turns.push({ role: row.role, name: row.name, content: row.content, saidAt: row.said_at });
  }
  return [...memories.values()];
}
