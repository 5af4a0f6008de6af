import { run, type Queryable } from './pool';

/** Whose text the model is asked about. */
export type Owner = { namespace: string; userId: string };

const SAVE = {
  name: 'save-model-result',
  text: `INSERT INTO model_results (namespace, user_id, key, model, result) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING`,
};

/** Keeps what a model said before it is used: a retry reads it instead of paying again. */
export async function saveModelResult(
  on: Queryable,
  owner: Owner,
  key: string,
  model: string,
  result: unknown,
): Promise<void> {
  await run(on, SAVE, [owner.namespace, owner.userId, key, model, JSON.stringify(result)]);
}

const READ = {
  name: 'read-model-result',
  text: 'SELECT result FROM model_results WHERE namespace = $1 AND user_id = $2 AND key = $3',
};

/** What a model has said; null when it was not asked, or what it said has been used. */
export async function readModelResult(on: Queryable, owner: Owner, key: string): Promise<unknown> {
  const result = await run<{ result: unknown }>(on, READ, [owner.namespace, owner.userId, key]);
  return result.rows[0]?.result ?? null;
}

const FORGET = {
  name: 'forget-model-results',
  text: `DELETE FROM model_results WHERE namespace = $1 AND user_id = $2 AND ($3::text IS NULL OR key = $3)`,
};

/** Forgets what a model said, in the transaction that uses it; null: everything of the user that is not used yet. */
export async function forgetModelResults(on: Queryable, owner: Owner, key: string | null): Promise<void> {
  await run(on, FORGET, [owner.namespace, owner.userId, key]);
}

const SPEND = {
  name: 'spend-model-call',
  text: `INSERT INTO model_spending AS s (namespace, user_id, day, calls)
         SELECT $1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, 1 WHERE $3 > 0
         ON CONFLICT (namespace, user_id, day) DO UPDATE SET calls = s.calls + 1 WHERE s.calls < $3`,
};

/** Takes one call from a user's day. @returns false when the day has none left */
export async function spendModelCall(on: Queryable, owner: Owner, callsADay: number): Promise<boolean> {
  return (await run(on, SPEND, [owner.namespace, owner.userId, callsADay])).rowCount === 1;
}
