import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { QueuedMessage, QueueStore } from './outbox';
import { QueueLock } from './queue-lock';

/** The file is written anew once it holds so many lines of messages that were sent. */
const SENT_LINES_KEPT = 1_000;

type Line = { add: QueuedMessage } | { remove: string };

/**
 * Keeps queued messages in a file, a line each, so that they outlive the process (Node). A message is in the file before
 * it is sent for the first time. One process at a time may use a file: beside it lies `FILE.lock`, which the next one
 * takes over when its holder has died.
 */
export class FileQueue implements QueueStore {
  private readonly waiting = new Map<string, QueuedMessage>();
  private lock: QueueLock | null = null;
  private sentLines = 0;
  /** A write failed: its line may be there by half. */
  private isTorn = false;

  constructor(private readonly path: string) {}

  /** @throws QueueInUseError */
  async load(): Promise<QueuedMessage[]> {
    mkdirSync(dirname(this.path), { recursive: true });
    this.lock = await QueueLock.take(`${this.path}.lock`);
    try {
      if (existsSync(this.path)) for (const line of linesOf(readFileSync(this.path, 'utf8'))) this.take(line);
      this.rewrite();
    } catch (error) {
      await this.close();
      throw error;
    }
    return [...this.waiting.values()];
  }

  async add(message: QueuedMessage): Promise<void> {
    this.append({ add: message });
  }

  async remove(key: string): Promise<void> {
    if (!this.waiting.has(key)) return;
    this.append({ remove: key });
    this.sentLines += 1;
    if (this.sentLines > SENT_LINES_KEPT) this.rewrite();
  }

  async close(): Promise<void> {
    this.lock?.release();
    this.lock = null;
  }

  private append(line: Line): void {
    if (!this.lock) throw new Error('the queue is not open');
    this.lock.assertHeld();
    if (this.isTorn) this.rewrite();
    this.isTorn = true;
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
    this.isTorn = false;
    this.take(line);
  }

  private take(line: Line): void {
    if ('add' in line) this.waiting.set(line.add.key, line.add);
    else this.waiting.delete(line.remove);
  }

  private rewrite(): void {
    const lines = [...this.waiting.values()].map((message) => `${JSON.stringify({ add: message })}\n`);
    // A crash on the way leaves the old file or the new one, never a half.
    writeFileSync(`${this.path}.new`, lines.join(''));
    renameSync(`${this.path}.new`, this.path);
    this.sentLines = 0;
    this.isTorn = false;
  }
}

/** The last line of a process that was killed may be half written: that message was never acknowledged to anybody. */
function linesOf(text: string): Line[] {
  const lines = text.split('\n');
  return lines.flatMap((line, place): Line[] => {
    if (line === '') return [];
    try {
      return [JSON.parse(line) as Line];
    } catch (error) {
      if (place === lines.length - 1) return [];
      throw new Error(`line ${place + 1} of the queue's file is damaged; repair or remove it`, {
        cause: error,
      });
    }
  });
}
