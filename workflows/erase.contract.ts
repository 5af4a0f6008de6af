/** Whom an erasure is about, by the keyed hash of their id: the id itself must not be in a history. */
export interface EraseInput {
  namespace: string;
  userHash: string;
}

export interface EraseResult {
  /** Runs of workflows that were ended and deleted with their histories. */
  runs: number;
  /** Rows deleted from the record. */
  rows: number;
}

export const ERASE_WORKFLOW = 'eraseUser';

/** Each of them does nothing once the erasure is finished, and may run again after a crash. */
export interface EraseActivities {
  /** Ends and deletes the runs of the user's workflows, with their histories and search attributes. @returns how many */
  deleteUserRuns(input: EraseInput): Promise<number>;
  /** Removes the user's tenant from every collection of the index. */
  removeUserFromIndex(input: EraseInput): Promise<void>;
  /** Deletes the user's rows. @returns how many */
  deleteUserRecords(input: EraseInput): Promise<number>;
  /** Forgets the id: from now on only its hash remembers the erasure. */
  finishErasure(input: EraseInput): Promise<void>;
  /** Lets Postgres reuse the space of what was deleted, where that is quick. */
  reclaimSpace(): Promise<void>;
}
