import type { Pool } from 'pg';
import { erasureWorkflowId } from '../domain/ids';
import { beginErasure, type Owner } from '../record/erasures';
import type { ErasureTeller } from '../temporal/erasure-signals';

const SECONDS_AN_HOUR = 3_600;

export interface RequestedErasure {
  workflowId: string;
  refusedUntil: Date;
  /** Nothing is left to do: an earlier erasure still stands. */
  finished: boolean;
}

/** Erasing users. */
export interface Erasures {
  /** When it returns nothing of the user is read or written any more; deleting what there is follows. */
  erase(owner: Owner): Promise<RequestedErasure>;
}

/** See {@link Erasures}. */
export function createErasures(options: {
  pool: Pool;
  teller: ErasureTeller;
  tombstoneHours: number;
}): Erasures {
  const { pool, teller, tombstoneHours } = options;
  return {
    async erase(owner) {
      const begun = await beginErasure(pool, owner, tombstoneHours * SECONDS_AN_HOUR);
      const { userHash, refusedUntil, finished } = begun;
      // Behind the answer: with Temporal down it is refused and unseen all the same, and the sweep starts it later.
      if (!finished) void teller.tell({ namespace: owner.namespace, userHash });
      return { workflowId: erasureWorkflowId(userHash), refusedUntil, finished };
    },
  };
}
