import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildRecord } from './child';
import { isAlive } from './process-identity';

const POLL_MS = 50;
const HURRIED_DEADLINE_MS = 2_000;
const KILL_DEADLINE_MS = 5_000;

/**
 * Ends children in order: the highest stage first, each stage at once; a child that outlives its deadline is killed.
 * Works on any process, not only on the caller's own, so that the guard and a later start can use it too.
 */
export async function endChildren(
  children: ChildRecord[],
  hurry: () => boolean = () => false,
): Promise<void> {
  const stages = [...new Set(children.map((child) => child.stage))].sort((a, b) => b - a);
  for (const stage of stages) {
    await Promise.all(
      children.filter((child) => child.stage === stage).map((child) => endChild(child, hurry)),
    );
  }
}

async function endChild(child: ChildRecord, hurry: () => boolean): Promise<void> {
  if (!isAlive(child)) return;
  signal(child.pid, child.stopSignal);
  const started = Date.now();
  while (isAlive(child)) {
    const deadline = hurry() ? HURRIED_DEADLINE_MS : child.stopDeadlineMs;
    if (Date.now() - started > deadline) break;
    await sleep(POLL_MS);
  }
  // Children lead their own process group; what they started themselves goes with them.
  if (isAlive(child)) signal(-child.pid, 'SIGKILL');
  for (const killed = Date.now(); isAlive(child) && Date.now() - killed < KILL_DEADLINE_MS;)
    await sleep(POLL_MS);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
