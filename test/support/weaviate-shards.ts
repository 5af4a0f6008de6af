const CALL_DEADLINE_MS = 4_000;

export interface WeaviateCollection {
  url: string;
  key: string;
  collection: string;
}

/** Tells every shard of a collection to take writes, or to take none. @returns false while Weaviate is away */
export async function setShards(
  { url, key, collection }: WeaviateCollection,
  status: 'READONLY' | 'READY',
): Promise<boolean> {
  const shards = `${url}/v1/schema/${collection}/shards`;
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` };
  const call = (target: string, init: RequestInit): Promise<Response> =>
    fetch(target, { ...init, headers, signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
  try {
    const listed = await call(shards, {});
    if (!listed.ok) return false;
    for (const { name } of (await listed.json()) as { name: string }[]) {
      const body = JSON.stringify({ status });
      if (!(await call(`${shards}/${name}`, { method: 'PUT', body })).ok) return false;
    }
    return true;
  } catch {
    return false;
  }
}
