import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, ensureError } from '../domain/errors';
import { conversationWorkflowId, isWorkflowOf } from '../domain/ids';
import type { ConversationRef } from '../domain/message';
import { MAINTENANCE_WORKFLOW } from '../../workflows/maintenance.contract';
import { MEM_CONVERSATION_ID, MEM_USER_ID } from '../../workflows/search-attributes.contract';

const NOT_FOUND = 5;
const CALLS_AT_ONCE = 8;
const PAGE_SIZE = 500;
/** What is deleted stays listed for a moment. */
const LOOK_AGAIN_MS = 300;
const MAX_LOOKS = 100;

/** Deletes runs with their histories and what they are found by; one that still runs is ended first. */
export interface RunDeleter {
  /** One run. None there is as good. */
  deleteRun(workflowId: string, runId: string): Promise<void>;
  /**
   * Every run of a user's workflows, found by their search attribute, and those of conversations known from the record,
   * which may not be listed yet.
   * @returns how many
   * @throws UnavailableError('temporal') when it cannot be done now; again is harmless
   */
  deleteRunsOf(
    owner: Pick<ConversationRef, 'namespace' | 'userId'>,
    conversationIds: AsyncIterable<readonly string[]>,
    onProgress: () => void,
  ): Promise<number>;
}

interface Run {
  workflowId: string;
  runId?: string;
}

/** @param deadlineMs of one call to Temporal */
export function createRunDeleter(client: Client, deadlineMs: number): RunDeleter {
  const { namespace } = client.options;

  /** @returns whether there was one */
  async function deleteOne(workflowExecution: Run): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + deadlineMs, () =>
        client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution }),
      );
      return true;
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code === NOT_FOUND) return false;
      throw unavailable(thrown);
    }
  }

  async function deleteAll(runs: readonly Run[], onProgress: () => void): Promise<number> {
    const next = runs.values();
    let deleted = 0;
    const work = async (): Promise<void> => {
      for (const run of next) {
        if (await deleteOne(run)) deleted += 1;
        onProgress();
      }
    };
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
    return deleted;
  }

  async function listed(owner: Pick<ConversationRef, 'namespace' | 'userId'>): Promise<Run[]> {
    const runs: Run[] = [];
    const query = `${MEM_USER_ID.name} = ${quoted(owner.userId)}`;
    try {
      await client.withDeadline(Date.now() + deadlineMs, async () => {
        for await (const one of client.workflow.list({ query, pageSize: PAGE_SIZE })) {
          const conversationId = one.typedSearchAttributes.get(MEM_CONVERSATION_ID) ?? null;
          // The same id may be another user's in another namespace.
          // A maintenance run of theirs is found by its attribute alone; ended, its schedule makes good for it.
          if (
            isWorkflowOf(one.workflowId, owner, conversationId) ||
            one.workflowId.startsWith(`${MAINTENANCE_WORKFLOW}:`)
          )
            runs.push({ workflowId: one.workflowId, runId: one.runId });
          if (runs.length >= PAGE_SIZE) break;
        }
      });
    } catch (thrown) {
      throw unavailable(thrown);
    }
    return runs;
  }

  return {
    async deleteRun(workflowId, runId) {
      await deleteOne({ workflowId, runId });
    },
    async deleteRunsOf(owner, conversationIds, onProgress) {
      let deleted = 0;
      const asked = new Set<string>();
      for (let look = 0; look < MAX_LOOKS; look += 1) {
        const runs = await listed(owner);
        if (runs.length === 0) break;
        const fresh = runs.filter((run) => !asked.has(run.runId!));
        for (const run of fresh) asked.add(run.runId!);
        deleted += await deleteAll(fresh, onProgress);
        onProgress();
        if (fresh.length === 0) await sleep(LOOK_AGAIN_MS);
      }
      for await (const page of conversationIds) {
        const unlisted = page.map((conversationId) => ({
          workflowId: conversationWorkflowId({ ...owner, conversationId }),
        }));
        deleted += await deleteAll(unlisted, onProgress);
      }
      if ((await listed(owner)).length > 0)
        throw new UnavailableError('temporal', 'Temporal still lists runs that were deleted');
      return deleted;
    },
  };
}

/** A string in a visibility query. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function unavailable(thrown: unknown): UnavailableError {
  const error = ensureError(thrown);
  return new UnavailableError('temporal', `Temporal does not delete runs now: ${error.name}`, {
    cause: error,
  });
}
