import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { ensureError } from '../domain/errors';
import { tiersWorkflowId } from '../domain/ids';
import { MEM_PENDING, MEM_PHASE, MEM_USER_ID } from '../../workflows/search-attributes.contract';
import { EPISODES_CHANGED_SIGNAL, TIERS_WORKFLOW, type TiersInput } from '../../workflows/tiers.contract';
import { IMPORT_PRIORITY_KEY } from '../../workflows/priorities.contract';

/** Whose summaries are behind. */
export interface TiersOwner {
  namespace: string;
  userId: string;
}

/** Tells users' workflows that their summaries are behind. */
export interface TiersTeller {
  /** Behind the answer; what comes together is told once. Never throws: what could not be told, the sweep tells. */
  tell(owner: TiersOwner, withinMs: number): void;
  /** Tells what waits, and stops. */
  close(): Promise<void>;
}

export interface TiersTellerOptions {
  client: Client;
  taskQueue: string;
  /** Deadline of one call to Temporal. */
  deadlineMs: number;
  logger: Logger;
}

/** Somebody may look soon. */
export const TELL_SOON_MS = 300;
/** Talk that ends comes in bursts, imports in floods: what comes within it for one user is one signal. */
export const TELL_LATER_MS = 4_000;
/** Temporal refuses a summary above 400 bytes; ids are up to 200 characters of up to 4 bytes each. */
const SUMMARY_ID_CHARS = 80;

/** See {@link TiersTeller}. */
export function createTiersTeller({
  client,
  taskQueue,
  deadlineMs,
  logger,
}: TiersTellerOptions): TiersTeller {
  const waiting = new Map<string, { owner: TiersOwner; dueMs: number; timer: NodeJS.Timeout }>();
  const inFlight = new Set<Promise<void>>();

  const send = async (owner: TiersOwner): Promise<void> => {
    const { namespace, userId } = owner;
    const input: TiersInput = { namespace, userId };
    try {
      await client.withDeadline(Date.now() + deadlineMs, () =>
        client.workflow.signalWithStart(TIERS_WORKFLOW, {
          workflowId: tiersWorkflowId(namespace, userId),
          taskQueue,
          args: [input],
          signal: EPISODES_CHANGED_SIGNAL,
          signalArgs: [],
          typedSearchAttributes: [
            { key: MEM_USER_ID, value: userId },
            { key: MEM_PHASE, value: 'summarizing' },
            { key: MEM_PENDING, value: 0 },
          ],
          staticSummary: `Summaries of ${[...userId].slice(0, SUMMARY_ID_CHARS).join('')}`,
          staticDetails:
            'Tells this user’s long lines again when episodes have ended or changed. The texts are in Postgres. ' +
            'Ends when nothing changes; the next change starts a new run.',
          // Nobody waits for it.
          priority: { priorityKey: IMPORT_PRIORITY_KEY },
        }),
      );
    } catch (thrown) {
      logger.warn(
        { err: ensureError(thrown) },
        'a user’s summaries are behind, and Temporal could not be told; the sweep will',
      );
    }
  };
  const fire = (key: string): void => {
    const entry = waiting.get(key);
    if (!entry) return;
    waiting.delete(key);
    clearTimeout(entry.timer);
    const sending = send(entry.owner).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  };

  return {
    tell(owner, withinMs) {
      const key = tiersWorkflowId(owner.namespace, owner.userId);
      const dueMs = performance.now() + withinMs;
      const known = waiting.get(key);
      if (known && known.dueMs <= dueMs) return;
      if (known) clearTimeout(known.timer);
      waiting.set(key, { owner, dueMs, timer: setTimeout(() => fire(key), withinMs) });
    },
    async close() {
      for (const key of [...waiting.keys()]) fire(key);
      await Promise.allSettled(inFlight);
    },
  };
}
