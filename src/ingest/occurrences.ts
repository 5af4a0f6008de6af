import { setImmediate } from 'node:timers/promises';
import { derivedMessageId, type ImportRef } from '../domain/import';
import type { ConversationRef, IncomingMessage } from '../domain/message';
import { readOccurrences, writeOccurrences } from '../record/import-chunks';
import type { Queryable } from '../record/pool';

/** Counts kept in memory before they are spilled; a few megabytes. */
const MAX_COUNTS_IN_MEMORY = 20_000;
/** Other work gets its turn in between: requests, and what Postgres answers. */
const LINES_BETWEEN_BREATHS = 100;

/** A message that came without an id, and the id it would have as the first of its kind. */
interface Unnamed {
  ref: Pick<ConversationRef, 'userId' | 'conversationId'>;
  message: IncomingMessage;
  digest: string;
}

/**
 * Names the messages of a body that came without an id, by what they say and how often it was said before in this body.
 * Memory is bounded: counts are spilled to the record, and looked up there once some were.
 */
export class Occurrences {
  private counts = new Map<string, number>();
  private spilled = false;

  constructor(
    private readonly on: Queryable,
    private readonly ref: ImportRef,
    private readonly maxInMemory = MAX_COUNTS_IN_MEMORY,
  ) {}

  /** Fills in the ids that are missing, in order. Changes nothing when it throws. */
  async name(
    lines: readonly {
      userId: string;
      conversationId: string;
      messages: (IncomingMessage & { unnamed?: boolean })[];
    }[],
  ): Promise<void> {
    const unnamed: Unnamed[] = [];
    for (const [nth, line] of lines.entries()) {
      if (nth % LINES_BETWEEN_BREATHS === LINES_BETWEEN_BREATHS - 1) await setImmediate();
      for (const message of line.messages)
        if (message.unnamed) unnamed.push({ ref: line, message, digest: derivedMessageId(line, message, 1) });
    }
    if (unnamed.length === 0) return;
    if (this.spilled) await this.recall(unnamed);
    for (const { ref, message, digest } of unnamed) {
      const occurrence = (this.counts.get(digest) ?? 0) + 1;
      this.counts.set(digest, occurrence);
      message.messageId = occurrence === 1 ? digest : derivedMessageId(ref, message, occurrence);
    }
  }

  /** Keeps memory within its bound. Apart from naming, so that each can be done again by itself. */
  async spillWhenFull(): Promise<void> {
    if (this.counts.size <= this.maxInMemory) return;
    await writeOccurrences(this.on, this.ref, this.counts);
    this.counts = new Map();
    this.spilled = true;
  }

  private async recall(unnamed: readonly Unnamed[]): Promise<void> {
    const missing = new Set(unnamed.map(({ digest }) => digest).filter((digest) => !this.counts.has(digest)));
    const known = await readOccurrences(this.on, this.ref, [...missing]);
    for (const [digest, times] of known) this.counts.set(digest, times);
  }
}
