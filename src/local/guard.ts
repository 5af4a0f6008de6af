import { createInterface } from 'node:readline';
import type { ChildRecord } from './child';
import { endChildren } from './shutdown';

/** A line from the supervisor to its guard: the children as they run now, or that all were ended in order. */
export interface GuardMessage {
  children: ChildRecord[];
  done?: boolean;
}

/**
 * Outlives a killed supervisor and ends its children in order. The pipe from the supervisor says when: the kernel
 * closes it whatever way the supervisor ends, while signals and parent pids can be missed.
 */
async function main(): Promise<void> {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
  let last: GuardMessage = { children: [] };
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      last = JSON.parse(line) as GuardMessage;
    } catch {
      break; // half a line: the supervisor died while it wrote; the line before holds
    }
  }
  if (last.done) return;
  console.error(
    `${new Date().toISOString()} the supervisor is gone: ending ${last.children.map((c) => c.name).join(', ')}`,
  );
  await endChildren(last.children);
}

void main();
