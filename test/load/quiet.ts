import { setTimeout as sleep } from 'node:timers/promises';
import { procStatFields } from '../../src/local/process-identity';
import type { BenchStack } from './bench-stack';

const PARTS = ['api', 'worker', 'temporal', 'weaviate'];
/** Of one core, over a look. */
const BUSY_SHARE = 0.2;
const LOOK_MS = 500;
/** Fields behind the command: time in the process, and in the kernel for it. */
const STAT_USER_TIME = 11;
const STAT_SYSTEM_TIME = 12;
const DEADLINE_MS = 5 * 60_000;
/** Linux counts CPU time in hundredths of a second. */
const MS_PER_TICK = 10;

/** Waits until the stack's parts do next to nothing, so that what one measurement began does not weigh on the next. */
export async function quiet(stack: BenchStack): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (let before = cpuMs(stack); ;) {
    await sleep(LOOK_MS);
    const now = cpuMs(stack);
    if (now - before < BUSY_SHARE * LOOK_MS) return;
    if (Date.now() > deadline)
      throw new Error(`the stack is still busy after ${DEADLINE_MS / 60_000} minutes`);
    before = now;
  }
}

function cpuMs(stack: BenchStack): number {
  const ticks = PARTS.map((part) => {
    const fields = procStatFields(stack.pidOf(part));
    return Number(fields[STAT_USER_TIME]) + Number(fields[STAT_SYSTEM_TIME]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * MS_PER_TICK;
}
