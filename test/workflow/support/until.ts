import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 20;

/** Polls until `probe` gives something truthy, and gives it back. @throws after `deadlineMs`, saying what was awaited */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<NonNullable<T>> {
  const endsAtMs = Date.now() + deadlineMs;
  for (;;) {
    const seen = await probe();
    if (seen) return seen as NonNullable<T>;
    if (Date.now() > endsAtMs) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await sleep(STEP_MS);
  }
}
