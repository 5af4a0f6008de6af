import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { retryUntil } from './retry-until';

export interface WakePartitionsOptions {
  client: Client;
  taskQueue: string;
  /** Aborted: no further looks. */
  signal: AbortSignal;
  logger: Logger;
}

/** How many partitions Temporal gives a task queue where it is not told. */
const DEFAULT_PARTITIONS = 4;
/** Task types as Temporal's API numbers them: each has partitions of its own. */
const TASK_TYPES = [1 /* workflow */, 2 /* activity */] as const;
const CALL_DEADLINE_MS = 5_000;
/** While work waits in a partition: Temporal puts it away after five minutes in which nobody polls it or adds to it. */
const LOOK_AGAIN_MS = 60_000;
/** While none does. Temporal reads its configuration while workers run, and what it no longer reads may fill until then. */
const REST_MS = 600_000;

/**
 * Has Temporal hand out what waits in partitions that it filled by an earlier configuration and reads no longer: until
 * somebody asks for such a partition it is not loaded, and its tasks wait for ever. Loaded, it gives them to the one
 * that is polled. Where all partitions are polled, this changes nothing.
 * @throws the signal's reason, or an AbortError, when it is aborted; nothing else, for failures are tried again
 */
export async function wakePartitions(options: WakePartitionsOptions): Promise<never> {
  const { client, taskQueue, signal, logger } = options;
  for (;;) {
    const waiting = await retryUntil('wake the task queue’s partitions', () => wake(client, taskQueue), {
      signal,
      logger,
    });
    if (waiting > 0)
      logger.info({ taskQueue, waiting }, 'work waits in further partitions of the task queue');
    await sleep(waiting > 0 ? LOOK_AGAIN_MS : REST_MS, undefined, { signal, ref: false });
  }
}

/** Asks for every partition but the first, which workers poll. @returns how many tasks wait in them, about */
async function wake(client: Client, taskQueue: string): Promise<number> {
  const further = Array.from({ length: DEFAULT_PARTITIONS - 1 }, (_, i) => `/_sys/${taskQueue}/${i + 1}`);
  const waiting = await Promise.all(
    further.flatMap((name) => TASK_TYPES.map((type) => wakePartition(client, name, type))),
  );
  return waiting.reduce((sum, one) => sum + one, 0);
}

/** Asking loads it. */
async function wakePartition(
  client: Client,
  name: string,
  type: (typeof TASK_TYPES)[number],
): Promise<number> {
  const { taskQueueStatus } = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name },
      taskQueueType: type,
      includeTaskQueueStatus: true,
    }),
  );
  return taskQueueStatus?.backlogCountHint?.toNumber() ?? 0;
}
