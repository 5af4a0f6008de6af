import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ensureError } from '../domain/errors';

const RECONNECT_DELAY_MS = 1_000;
/** A half-open connection is found out by its keep-alive probes, of which the first goes out after this long. */
const KEEP_ALIVE_DELAY_MS = 10_000;

export interface ChannelHandlers {
  /** A notification arrived. */
  notified(payload: string): void;
  /** The connection was made, the first time or again: what was told before may have been missed. */
  connected?(): void;
}

/** Hears Postgres notifications of any number of channels over one connection a process. */
export class NotificationListener {
  private readonly channels = new Map<string, ChannelHandlers>();
  private client: Client | null = null;
  private started = false;
  private closed = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Hears a channel from `start` on. */
  on(channel: string, handlers: ChannelHandlers): void {
    if (this.started) throw new Error(`channel ${channel} came after the start`);
    this.channels.set(channel, handlers);
  }

  /** Connects in the background, and again whenever the connection is lost. */
  start(): void {
    this.started = true;
    void this.keepListening();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.client?.end().catch((error: unknown) => this.onError(ensureError(error)));
  }

  private async keepListening(): Promise<void> {
    while (!this.closed) {
      try {
        await this.listenUntilLost();
      } catch (error) {
        if (!this.closed) this.onError(ensureError(error));
      }
      if (!this.closed) await sleep(RECONNECT_DELAY_MS, undefined, { ref: false });
    }
  }

  private async listenUntilLost(): Promise<void> {
    const client = new Client({
      connectionString: this.databaseUrl,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      application_name: 'agentic-memories-listen',
    });
    const lost = new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('end', resolve);
    });
    client.on('notification', ({ channel, payload }) => this.channels.get(channel)?.notified(payload ?? ''));
    this.client = client;
    await Promise.race([client.connect(), lost]);
    for (const channel of this.channels.keys()) await client.query(`LISTEN ${channel}`);
    for (const { connected } of this.channels.values()) connected?.();
    await lost;
  }
}
