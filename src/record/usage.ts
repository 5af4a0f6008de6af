import { run, type Queryable } from './pool';

/** What a user, or a namespace, has in the record. */
export interface Usage {
  messages: number;
  /** Of messages' and memories' text, in UTF-8. */
  bytes: number;
  memories: number;
}

const SUMS = `SELECT count(*)::bigint AS messages, coalesce(sum(octet_length(content)), 0)::bigint AS bytes,
    0::bigint AS memories FROM messages`;
const MEMORIES = `SELECT 0::bigint, coalesce(sum(octet_length(content)) FILTER (WHERE tier <> 'raw'), 0)::bigint,
    count(*)::bigint FROM memories`;
const ALIVE = 'deleted_at IS NULL AND superseded_by IS NULL';
const TOTAL =
  'SELECT sum(messages)::bigint AS messages, sum(bytes)::bigint AS bytes, sum(memories)::bigint AS memories FROM';

const OF_USER = {
  name: 'usage-of-user',
  text: `${TOTAL} (${SUMS} WHERE namespace = $1 AND user_id = $2
         UNION ALL ${MEMORIES} WHERE namespace = $1 AND user_id = $2 AND ${ALIVE}) AS u`,
};
const OF_NAMESPACE = {
  name: 'usage-of-namespace',
  text: `${TOTAL} (${SUMS} WHERE namespace = $1 UNION ALL ${MEMORIES} WHERE namespace = $1 AND ${ALIVE}) AS u`,
};

/** Counts rows: takes as long as there are many. @param userId null: the whole namespace */
export async function usageOf(on: Queryable, namespace: string, userId: string | null): Promise<Usage> {
  const [statement, values] =
    userId === null ? ([OF_NAMESPACE, [namespace]] as const) : ([OF_USER, [namespace, userId]] as const);
  return (await run<Usage & Record<string, number>>(on, statement, [...values])).rows[0]!;
}
