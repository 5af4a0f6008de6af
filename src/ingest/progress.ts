import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConversationRef } from '../domain/message';
import { PROGRESS_CHANNEL, progressKey } from '../record/batches';
import { conversationState } from '../record/conversations';
import type { NotificationListener } from '../record/notifications';

/** Behind the notification: how often the cursor is looked at all the same, since a notification can be lost with its connection. */
const POLL_INTERVAL_MS = 400;

/** Waits for conversations' cursors, woken by Postgres notifications. */
export class ProgressWaiter {
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(
    private readonly pool: Pool,
    listener: NotificationListener,
  ) {
    listener.on(PROGRESS_CHANNEL, {
      notified: (key) => {
        for (const wake of this.waiting.get(key) ?? []) wake();
      },
    });
  }

  /**
   * Waits until everything up to `throughSeq` is indexed or failed.
   * @returns false when `waitMs` went by first
   */
  async wait(ref: ConversationRef, throughSeq: number, waitMs: number): Promise<boolean> {
    const deadline = Date.now() + waitMs;
    const key = progressKey(ref);
    for (;;) {
      // Subscribed before looking, so that a cursor that moves in between still wakes us.
      const { woken, unsubscribe } = this.subscribe(key);
      try {
        const state = await conversationState(this.pool, ref);
        if ((state?.indexedThrough ?? 0) >= throughSeq) return true;
        const leftMs = deadline - Date.now();
        if (leftMs <= 0) return false;
        await Promise.race([woken, sleep(Math.min(POLL_INTERVAL_MS, leftMs))]);
      } finally {
        unsubscribe();
      }
    }
  }

  private subscribe(key: string): { woken: Promise<void>; unsubscribe: () => void } {
    let wake: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    const waiters = this.waiting.get(key) ?? new Set();
    waiters.add(wake);
    this.waiting.set(key, waiters);
    const unsubscribe = (): void => {
      waiters.delete(wake);
      if (waiters.size === 0 && this.waiting.get(key) === waiters) this.waiting.delete(key);
    };
    return { woken, unsubscribe };
  }
}
