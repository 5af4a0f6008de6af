import { Client, type Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConversationRef } from '../domain/message';
import { PROGRESS_CHANNEL, progressKey } from '../record/batches';
import { conversationState } from '../record/conversations';

/** Behind the notification: how often the cursor is looked at all the same, since a notification can be lost with its connection. */
const POLL_INTERVAL_MS = 400;
const RECONNECT_DELAY_MS = 1_000;

/** Waits for conversations' cursors, woken by Postgres notifications on one connection a process. */
export class ProgressWaiter {
  private readonly waiting = new Map<string, Set<() => void>>();
  private client: Client | null = null;
  private closed = false;

  constructor(
    private readonly pool: Pool,
    private readonly databaseUrl: string,
    private readonly onError: (error: unknown) => void,
  ) {
    void this.listen();
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

  async close(): Promise<void> {
    this.closed = true;
    await this.client?.end().catch(this.onError);
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

  private async listen(): Promise<void> {
    while (!this.closed) {
      try {
        await this.listenUntilLost();
      } catch (error) {
        if (!this.closed) this.onError(error);
      }
      if (!this.closed) await sleep(RECONNECT_DELAY_MS, undefined, { ref: false });
    }
  }

  private async listenUntilLost(): Promise<void> {
    const client = new Client({
      connectionString: this.databaseUrl,
      keepAlive: true,
      application_name: 'agentic-memories-listen',
    });
    const lost = new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('end', resolve);
    });
    client.on('notification', ({ payload }) => {
      for (const wake of this.waiting.get(payload ?? '') ?? []) wake();
    });
    this.client = client;
    await Promise.race([client.connect(), lost]);
    await client.query(`LISTEN ${PROGRESS_CHANNEL}`);
    await lost;
  }
}
