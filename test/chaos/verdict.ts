import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { conversationWorkflowId, tenantName } from '../../src/domain/ids';
import { PROGRESS_QUERY, type ConversationProgress } from '../../workflows/conversation.contract';
import { census, storedIds } from '../support/invariants';

const PAGE = 500;
const CALL_DEADLINE_MS = 5_000;
const ENDED_WELL = new Set(['RUNNING', 'COMPLETED', 'CONTINUED_AS_NEW']);

export interface Stores {
  pool: Pool;
  temporal: Client;
  weaviate: { url: string; key: string; collection: string };
}

/** What the three stores say of each other; all of `problems` are broken promises. */
export interface Verdict {
  stored: number;
  lost: number;
  doubled: number;
  objects: number;
  runs: number;
  problems: string[];
}

/** Compares record, index and Temporal, message by message, with what was acknowledged. */
export async function judge(
  stores: Stores,
  namespace: string,
  { acknowledged, erased }: { acknowledged: ReadonlySet<string>; erased: string },
): Promise<Verdict> {
  const problems: string[] = [];
  const found = await census(stores.pool, namespace);
  for (const name of [
    'outsideOneBatch',
    'brokenConversations',
    'batchesWithoutMemory',
    'failedBatches',
  ] as const)
    if (found[name] !== 0) problems.push(`record: ${name} is ${found[name]}`);
  const ids = await storedIds(stores.pool, namespace);
  const stored = new Set(ids);
  const lost = [...acknowledged].filter((id) => !stored.has(id));
  if (lost.length > 0) problems.push(`lost: ${lost.slice(0, 5).join(', ')}`);
  // A message that was stored and never acknowledged is the sender's last try, at most one a writer.
  const doubled = ids.length - stored.size;
  if (doubled > 0) problems.push(`doubled: ${doubled}`);
  const objects = await compareIndex(stores, namespace, problems);
  const runs = await compareTemporal(stores, namespace, problems);
  await nothingOf(erased, stores, namespace, problems);
  return { stored: ids.length, lost: lost.length, doubled, objects, runs, problems };
}

async function compareIndex(stores: Stores, namespace: string, problems: string[]): Promise<number> {
  const { rows } = await stores.pool.query<{ user_id: string; ids: string[] }>(
    `SELECT user_id, array_agg(id::text ORDER BY id) AS ids FROM memories
      WHERE namespace = $1 AND deleted_at IS NULL AND superseded_by IS NULL GROUP BY user_id`,
    [namespace],
  );
  let objects = 0;
  for (const { user_id: user, ids } of rows) {
    const indexed = new Set(await objectIds(stores, tenantName(namespace, user)));
    objects += indexed.size;
    const missing = ids.filter((id) => !indexed.has(id)).length;
    const extra = indexed.size - (ids.length - missing);
    if (missing + extra > 0) problems.push(`index of ${user}: ${missing} missing, ${extra} too many`);
  }
  return objects;
}

async function objectIds({ weaviate }: Stores, tenant: string): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const query = new URLSearchParams({ class: weaviate.collection, tenant, limit: String(PAGE) });
    // A first page, too, is asked for with a cursor.
    query.set('after', ids.at(-1) ?? '');
    const response = await fetch(`${weaviate.url}/v1/objects?${query}`, {
      headers: weaviate.key === '' ? {} : { Authorization: `Bearer ${weaviate.key}` },
      signal: AbortSignal.timeout(CALL_DEADLINE_MS),
    });
    if (!response.ok) throw new Error(`Weaviate answers ${response.status}`);
    const { objects } = (await response.json()) as { objects: { id: string }[] };
    ids.push(...objects.map(({ id }) => id));
    if (objects.length < PAGE) return ids;
  }
}

/** Who was erased is neither in the index nor in Temporal; that the record has nothing was waited for. */
async function nothingOf(
  erased: string,
  { weaviate, temporal }: Stores,
  namespace: string,
  problems: string[],
): Promise<void> {
  const tenant = `${weaviate.url}/v1/schema/${weaviate.collection}/tenants/${tenantName(namespace, erased)}`;
  const response = await fetch(tenant, {
    headers: { Authorization: `Bearer ${weaviate.key}` },
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  if (response.ok) problems.push(`index: ${erased} has a tenant`);
  for await (const { workflowId } of temporal.workflow.list())
    if (workflowId.includes(erased)) problems.push(`Temporal: ${workflowId} is of an erased user`);
}

/** No run has failed, and those that are open know what the record knows. */
async function compareTemporal(stores: Stores, namespace: string, problems: string[]): Promise<number> {
  let runs = 0;
  for await (const run of stores.temporal.workflow.list()) {
    runs += 1;
    if (!ENDED_WELL.has(run.status.name)) problems.push(`Temporal: ${run.workflowId} is ${run.status.name}`);
  }
  const { rows } = await stores.pool.query<{ user_id: string; conversation_id: string; through: number }>(
    'SELECT user_id, conversation_id, appended_through AS through FROM conversations WHERE namespace = $1',
    [namespace],
  );
  for (const { user_id: userId, conversation_id: conversationId, through } of rows) {
    const id = conversationWorkflowId({ namespace, userId, conversationId });
    const handle = stores.temporal.workflow.getHandle(id);
    if ((await handle.describe()).status.name !== 'RUNNING') continue;
    const progress = await stores.temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      handle.query<ConversationProgress>(PROGRESS_QUERY),
    );
    if (progress.storedThrough !== through || progress.indexedThrough !== through)
      problems.push(
        `Temporal: ${id} knows ${progress.indexedThrough} of ${progress.storedThrough}, stored are ${through}`,
      );
  }
  return runs;
}
