import type { Pool } from 'pg';
import type { ImportRef } from '../domain/import';
import type { ChunkLine } from '../record/import-chunks';
import type { Rejection } from '../record/imports';
import { storedAmong } from '../record/messages';
import { keysOf, type GoodLine } from './import-lines';
import { sizeOf, type Quotas } from './quotas';

/**
 * Whether a quota has room for an import's lines. What is stored already needs none: a file that is sent again changes
 * nothing, however full it is.
 */
export class ImportRoom {
  /** By their keys: messages that are stored, or have room. */
  private known: ReadonlySet<string> = new Set();
  private admitted = new Set<string>();

  constructor(
    private readonly pool: Pool,
    private readonly ref: ImportRef,
    private readonly quotas: Quotas,
  ) {}

  /** Whether there is any quota; without, nobody has to ask. */
  get limited(): boolean {
    return this.quotas.set;
  }

  /** Learns what of these lines is stored; before they are asked about. Changes nothing when it throws. */
  async look(lines: readonly GoodLine[]): Promise<void> {
    const messages = lines.flatMap((line) =>
      line.messages.map(({ messageId }) => ({
        userId: line.userId,
        conversationId: line.conversationId,
        messageId,
      })),
    );
    const keys = lines.flatMap(keysOf);
    const stored = await storedAmong(this.pool, this.ref.namespace, messages);
    // Those let in just before are only being stored.
    this.known = new Set([...this.admitted, ...keys.filter((_, place) => stored.has(place))]);
    this.admitted = new Set();
  }

  /** @returns the line's rejection when there is no room for what is new in it */
  async rejection(line: ChunkLine): Promise<Rejection | null> {
    const keys = keysOf(line);
    const fresh = line.messages.filter((_, place) => !this.has(keys[place]!));
    if (fresh.length === 0) return null;
    const owner = { namespace: this.ref.namespace, userId: line.userId };
    const refusal = await this.quotas.refusal(owner, sizeOf(fresh));
    if (refusal !== null) return { line: line.line, reason: refusal };
    for (const key of keys) this.admitted.add(key);
    return null;
  }

  private has(key: string): boolean {
    return this.known.has(key) || this.admitted.has(key);
  }
}
