export const REINDEX_WORKFLOW = 'reindex';
export const REINDEX_PROGRESS_QUERY = 'progress';

/** What was done so far: users gone through, their memories, objects written to the index and removed from it. */
export interface ReindexCounts extends Record<string, number> {
  users: number;
  memories: number;
  written: number;
  removed: number;
}

/** What a reindex is started with; `carried` only by itself, when it continues as new. */
export interface ReindexInput {
  /** Null: every namespace. */
  namespace: string | null;
  /** Null: every user. */
  userId: string | null;
  /** All objects are written; false: those that the index lacks. What the record does not have is removed either way. */
  rewrite: boolean;
  /** At most so many; null: as fast as it goes. */
  objectsPerSecond: number | null;
  carried?: { counts: ReindexCounts; from: string };
}

export interface ReindexActivities {
  /**
   * Brings a part of the index, some seconds' worth, to what the record says, without embedding again what this
   * embedder has embedded before.
   * @returns where to go on: a hash of the user and a memory's id, so that no history names anybody; null at the end
   */
  reindexPage(
    input: ReindexInput & { from: string | null },
  ): Promise<{ counts: ReindexCounts; next: string | null }>;
}
