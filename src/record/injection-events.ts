import {
  injectionEventId,
  placeOfInjection,
  type InjectionEvent,
  type InjectionEventId,
} from '../domain/injection-event';
import type { Injection } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import { run, type Queryable } from './pool';

/** How many injections of one conversation are read at a time. */
export const INJECTIONS_A_READ = 50;

/** A conversation, and up to where its injections are known. */
export interface InjectionPosition {
  ref: ConversationRef;
  after: InjectionEventId;
}

interface EventRow {
  place: number;
  seq: number;
  ordinal: number;
  memory_id: string;
  content: string;
  source: Injection['source'];
  channel: string;
  score: number;
  metadata: Injection['metadata'];
}

const BEHIND = {
  name: 'injections-behind',
  text: `SELECT w.place::int AS place, i.*
           FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::integer[])
                WITH ORDINALITY AS w (namespace, user_id, conversation_id, seq, ordinal, place)
          CROSS JOIN LATERAL (
                SELECT j.seq, j.ordinal, j.memory_id, j.content, j.source, j.channel, j.score, j.metadata FROM injections j
                 WHERE j.namespace = w.namespace AND j.user_id = w.user_id AND j.conversation_id = w.conversation_id
                   AND (j.seq, j.ordinal) > (w.seq, w.ordinal)
                 ORDER BY j.seq, j.ordinal LIMIT ${INJECTIONS_A_READ}) i
          ORDER BY w.place, i.seq, i.ordinal`,
};

/**
 * What was injected behind each position, in the order of commits.
 * @returns one list a position, of at most INJECTIONS_A_READ; a full one may have more behind it
 */
export async function injectionsBehind(
  on: Queryable,
  positions: readonly InjectionPosition[],
): Promise<InjectionEvent[][]> {
  const places = positions.map(({ after }) => placeOfInjection(after));
  const result = await run<EventRow>(on, BEHIND, [
    positions.map(({ ref }) => ref.namespace),
    positions.map(({ ref }) => ref.userId),
    positions.map(({ ref }) => ref.conversationId),
    places.map(({ seq }) => seq),
    places.map(({ ordinal }) => ordinal),
  ]);
  const found = positions.map((): InjectionEvent[] => []);
  for (const row of result.rows) {
    found[row.place - 1]!.push({
      id: injectionEventId(row.seq, row.ordinal),
      injection: {
        memoryId: row.memory_id,
        content: row.content,
        source: row.source,
        channel: row.channel,
        score: row.score,
        metadata: row.metadata,
      },
    });
  }
  return found;
}
