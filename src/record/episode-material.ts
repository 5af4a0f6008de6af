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
  text: `SELECT e.first_seq AS episode, m.id, m.importance, m.persona_tags,
                CASE WHEN m.content_edited THEN m.content END AS edited, t.role, t.name, t.content, t.said_at
           FROM unnest($4::bigint[], $5::bigint[]) AS e (first_seq, last_seq)
          CROSS JOIN LATERAL
                (SELECT id, importance, persona_tags, content, content_edited, first_seq, last_seq FROM memories
                  WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND tier = 'raw'
                    AND first_seq BETWEEN e.first_seq AND e.last_seq AND ${LIVE_MEMORY}
                  ORDER BY first_seq OFFSET 0) m
          CROSS JOIN LATERAL
                (SELECT seq, role, name, content, coalesce(said_at, stored_at) AS said_at FROM messages
                  WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3
                    AND seq BETWEEN greatest(m.first_seq, e.first_seq) AND least(m.last_seq, e.last_seq)
                  ORDER BY seq OFFSET 0) t
          ORDER BY e.first_seq, t.seq`,
};

/**
 * The raw memories of a conversation's episodes that can be recalled, in order.
 * @returns by the episodes' first seqs; none of an episode of which nothing is left
 */
export async function episodeMaterial(
  on: Queryable,
  ref: ConversationRef,
  episodes: readonly { firstSeq: number; lastSeq: number }[],
): Promise<Map<number, EpisodeMemory[]>> {
  const result = await run<{
    episode: number;
    id: string;
    importance: number;
    persona_tags: string[];
    edited: string | null;
    role: Role;
    name: string | null;
    content: string;
    said_at: Date;
  }>(on, MATERIAL, [
    ref.namespace,
    ref.userId,
    ref.conversationId,
    episodes.map((episode) => episode.firstSeq),
    episodes.map((episode) => episode.lastSeq),
  ]);
  const material = new Map<number, Map<string, EpisodeMemory>>();
  for (const row of result.rows) {
    let memories = material.get(row.episode);
    if (!memories) material.set(row.episode, (memories = new Map()));
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
  return new Map([...material].map(([episode, memories]) => [episode, [...memories.values()]]));
}
