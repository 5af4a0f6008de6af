import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors';
import type { ImportRef } from '../domain/import';
import { acceptImportChunk, encodeChunk, type ChunkLine, type EncodedChunk } from '../record/import-chunks';
import { renewImport, type Rejection } from '../record/imports';
import { keysOf, withoutRepeats, type GoodLine, type ReadLine } from './import-lines';
import type { ImportRoom } from './import-room';
import { Occurrences } from './occurrences';

/** A chunk is stored when it has this many messages or bytes … */
const CHUNK_MESSAGES = 1_000;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** … or when nothing more has come for this long. */
const CHUNK_WAIT_MS = 1_000;
const RENEW_EVERY_MS = 8_000;
/** While Postgres is away the sender is held back; after this it is told to send the file again later. */
const RECORD_WAIT_MS = 60_000;
const RECORD_RETRY_MS = 500;

export interface ReceiveOptions {
  /** Stop at the first line that is refused. */
  abortOnError: boolean;
  /** Refuses lines that there is no room for; left out: there is for all. */
  room?: ImportRoom;
}

/** How receiving ended. */
export interface Received {
  /** The line it was aborted at. */
  abortedAtLine: number | null;
}

/**
 * Stores a body's lines as they come: one chunk is being stored while the next one is being read, and no more than that
 * is read ahead. Chunks are stored in order, so that a conversation's turns keep the order of the file.
 * @param lines groups of lines, as they come
 * @throws whatever ends the lines, after what came before it is stored
 */
export async function receiveLines(
  pool: Pool,
  ref: ImportRef,
  lines: AsyncIterable<readonly ReadLine[]>,
  options: ReceiveOptions,
): Promise<Received> {
  return new Receiver(pool, ref, options).receive(lines);
}

class Receiver {
  private readonly occurrences: Occurrences;
  private good: GoodLine[] = [];
  private rejections: Rejection[] = [];
  private messages = 0;
  private bytes = 0;
  private chunks = 0;
  /** A line was refused while reading. */
  private readAbort: number | null = null;
  /** The first line that the record or we refused. */
  private storedAbort: number | null = null;
  /** Ends when everything read so far is made ready to be stored. */
  private preparing: Promise<EncodedChunk[]> = Promise.resolve([]);
  /** Ends when it is stored. */
  private storing: Promise<void> = Promise.resolve();
  private idle = true;
  private renewedAtMs = Date.now();

  constructor(
    private readonly pool: Pool,
    private readonly ref: ImportRef,
    private readonly options: ReceiveOptions,
  ) {
    this.occurrences = new Occurrences(pool, ref);
  }

  async receive(lines: AsyncIterable<readonly ReadLine[]>): Promise<Received> {
    const renewing = setInterval(() => void this.renew(), RENEW_EVERY_MS);
    const resting = setInterval(() => this.storeRested(), CHUNK_WAIT_MS);
    try {
      try {
        for await (const group of lines) {
          for (const line of group) {
            await this.take(line);
            if (this.aborted()) break;
          }
          if (this.aborted()) break;
        }
      } finally {
        // A body that was cut: what came before the cut is good.
        await this.store();
        await this.storing;
      }
      return { abortedAtLine: this.storedAbort ?? this.readAbort };
    } finally {
      clearInterval(renewing);
      clearInterval(resting);
    }
  }

  private aborted(): boolean {
    return this.readAbort !== null || this.storedAbort !== null;
  }

  private async take(line: ReadLine): Promise<void> {
    if ('rejected' in line) {
      this.rejections.push({ line: line.line, reason: line.rejected });
      if (this.options.abortOnError) this.readAbort = line.line;
    } else {
      this.good.push(line);
      this.messages += line.messages.length;
      this.bytes += line.bytes;
    }
    const full = this.messages >= CHUNK_MESSAGES || this.bytes >= CHUNK_BYTES;
    if (full || this.rejections.length >= CHUNK_MESSAGES) await this.store();
  }

  /** Hands over what was read; returns when the chunk before it is stored. */
  private async store(): Promise<void> {
    const { good, rejections, storing: before } = this;
    this.good = [];
    this.rejections = [];
    this.messages = 0;
    this.bytes = 0;
    if (good.length + rejections.length > 0) {
      this.idle = false;
      // Made ready while the one before it is being stored.
      this.preparing = this.preparing.then(() => this.prepare(good, rejections));
      const storing = Promise.all([this.preparing, before])
        .then(([chunks]) => this.storeChunks(chunks))
        .finally(() => (this.idle = this.storing === storing));
      // Their failure is the next one's to throw.
      this.preparing.catch(() => undefined);
      storing.catch(() => undefined);
      this.storing = storing;
    }
    await before;
  }

  /** A slow sender's lines do not wait for a chunk to be full. */
  private storeRested(): void {
    if (this.idle) void this.store().catch(() => undefined);
  }

  /** Names what has no id and makes chunks of what was read: mostly one. */
  private async prepare(
    good: readonly GoodLine[],
    rejections: readonly Rejection[],
  ): Promise<EncodedChunk[]> {
    await this.whenThere(() => this.occurrences.name(good));
    await this.whenThere(() => this.occurrences.spillWhenFull());
    const { room, abortOnError } = this.options;
    if (room?.limited) await this.whenThere(() => room.look(good));
    const refused = [...rejections];
    const chunks: EncodedChunk[] = [];
    let lines: ChunkLine[] = [];
    let known = new Set<string>();
    for (const line of good) {
      const whole = withoutRepeats(line);
      const checked = 'reason' in whole || !room?.limited ? whole : await this.within(room, whole);
      if ('reason' in checked) {
        refused.push(checked);
        // What is behind it must not be stored, in a chunk of its own either.
        if (abortOnError) break;
        continue;
      }
      const keys = keysOf(checked);
      // The record compares with what is stored: an id that comes again has to come in a chunk behind.
      if (keys.some((key) => known.has(key))) {
        chunks.push(this.encode(lines, []));
        lines = [];
        known = new Set();
      }
      lines.push(checked);
      for (const key of keys) known.add(key);
    }
    chunks.push(this.encode(lines, refused));
    return chunks;
  }

  private async within(room: ImportRoom, line: ChunkLine): Promise<ChunkLine | Rejection> {
    return (await this.whenThere(() => room.rejection(line))) ?? line;
  }

  private encode(lines: readonly ChunkLine[], rejections: readonly Rejection[]): EncodedChunk {
    const { abortOnError } = this.options;
    const stop = abortOnError ? Math.min(...rejections.map(({ line }) => line)) : Infinity;
    this.chunks += 1;
    return encodeChunk(this.ref, {
      number: this.chunks,
      lines: lines.filter(({ line }) => line < stop),
      rejections: rejections.filter(({ line }) => line <= stop),
      abortAtRefusal: abortOnError,
    });
  }

  private async storeChunks(chunks: readonly EncodedChunk[]): Promise<void> {
    for (const chunk of chunks) {
      if (this.storedAbort !== null) return;
      const outcome = await this.whenThere(() => acceptImportChunk(this.pool, chunk));
      this.renewedAtMs = Date.now();
      if (this.options.abortOnError && outcome?.firstRejected) this.storedAbort = outcome.firstRejected;
    }
  }

  private async renew(): Promise<void> {
    if (Date.now() - this.renewedAtMs < RENEW_EVERY_MS / 2) return;
    // Postgres may be away; the next renewal or chunk says it then.
    await renewImport(this.pool, this.ref).catch(() => undefined);
  }

  /** Does what needs the record, waiting for it while it is away. */
  private async whenThere<T>(work: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + RECORD_WAIT_MS;
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        if (!(thrown instanceof UnavailableError) || Date.now() >= deadline) throw thrown;
        await sleep(RECORD_RETRY_MS);
      }
    }
  }
}
