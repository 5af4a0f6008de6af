import { run, type Queryable } from './pool';

const SAVE = {
  name: 'save-memory-vector',
  text: `INSERT INTO memory_vectors (namespace, user_id, memory_id, embedder, vector)
         SELECT namespace, user_id, id, $4, $5 FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND content = $6
         ON CONFLICT DO NOTHING`,
};

/** Keeps the vector of a memory's own content, quantized; not if the content has changed since it was embedded. */
export async function saveMemoryVector(
  on: Queryable,
  owner: { namespace: string; userId: string },
  embedderName: string,
  { id, content, vector }: { id: string; content: string; vector: Buffer },
): Promise<void> {
  await run(on, SAVE, [owner.namespace, owner.userId, id, embedderName, vector, content]);
}

const READ = {
  name: 'read-memory-vectors',
  text: `SELECT memory_id, vector FROM memory_vectors
          WHERE namespace = $1 AND user_id = $2 AND memory_id = ANY ($3) AND embedder = $4`,
};

/** The vectors kept for the own contents of these memories. */
export async function readMemoryVectors(
  on: Queryable,
  owner: { namespace: string; userId: string },
  embedderName: string,
  ids: readonly string[],
): Promise<Map<string, Buffer>> {
  if (ids.length === 0) return new Map();
  const values = [owner.namespace, owner.userId, ids, embedderName];
  const result = await run<{ memory_id: string; vector: Buffer }>(on, READ, values);
  return new Map(result.rows.map((row) => [row.memory_id, row.vector]));
}
