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

/** Each of them may run again after a crash; once the erasure is finished they find nothing to delete. */
export interface EraseActivities {
  /** Ends and deletes the runs of the user's workflows, with their histories and search attributes. @returns how many */
  deleteUserRuns(input: EraseInput): Promise<number>;
  /** Removes the user's tenant from every collection of the index. */
  removeUserFromIndex(input: EraseInput): Promise<void>;
  /** Deletes the user's rows. @returns how many */
  deleteUserRecords(input: EraseInput): Promise<number>;
  /**
   * Forgets the id, and what the planner's statistics have sampled of the user: from now on only the id's hash remembers
   * the erasure.
   */
  finishErasure(input: EraseInput): Promise<void>;
  /** Lets Postgres reuse the space of what was deleted, where that is quick. */
  reclaimSpace(): Promise<void>;
}
