import { Context } from '@temporalio/activity';
import { tenantName } from '../src/domain/ids';
import { conversationIdsOf, deleteUserRows, vacuumUserTables } from '../src/record/delete-user-rows';
import { finishErasure, lookAtErasure, type Owner } from '../src/record/erasures';
import { renewPlannerStatistics } from '../src/record/planner-statistics';
import { OTHER_USER_COLUMNS, USER_TABLES } from '../src/record/user-tables';
import type { EraseActivities } from '../workflows/erase.contract';
import type { ActivityDependencies } from './dependencies';

const CONVERSATIONS_A_PAGE = 500;
const OTHER_USER_TABLES = OTHER_USER_COLUMNS.map((column) => column.split('.')[0]!);

/** See workflows/erase.contract. */
export function createEraseActivities({ pool, index, runs }: ActivityDependencies): EraseActivities {
  const beat = (): void => Context.current().heartbeat();

  async function* conversationsOf(owner: Owner): AsyncGenerator<string[]> {
    for (let after = ''; ;) {
      const page = await conversationIdsOf(pool, owner, after, CONVERSATIONS_A_PAGE);
      if (page.length > 0) yield page;
      if (page.length < CONVERSATIONS_A_PAGE) return;
      after = page.at(-1)!;
    }
  }

  return {
    async deleteUserRuns(input) {
      const owner = await lookAtErasure(pool, input);
      return owner ? runs.deleteRunsOf(owner, conversationsOf(owner), beat) : 0;
    },
    async removeUserFromIndex(input) {
      const owner = await lookAtErasure(pool, input);
      if (owner) await index.removeTenantEverywhere(tenantName(owner.namespace, owner.userId));
    },
    async deleteUserRecords(input) {
      const owner = await lookAtErasure(pool, input);
      return owner ? deleteUserRows(pool, owner, beat) : 0;
    },
    async finishErasure(input) {
      await renewPlannerStatistics(pool, USER_TABLES, beat);
      await finishErasure(pool, input);
      // Until then these have had the id.
      await renewPlannerStatistics(pool, OTHER_USER_TABLES, beat);
    },
    async reclaimSpace() {
      await vacuumUserTables(pool, beat);
    },
  };
}
