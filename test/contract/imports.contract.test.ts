import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { ImportRef } from '../../src/domain/import';
import type { ConversationRef } from '../../src/domain/message';
import { Occurrences } from '../../src/ingest/occurrences';
import { receiveLines } from '../../src/ingest/receive-import';
import type { ReadLine } from '../../src/ingest/import-lines';
import { finishBatches, insertBatches, reopenFailed, unfinishedBatches } from '../../src/record/batches';
import { conversationState, missedAnnouncements, noteConsidered } from '../../src/record/conversations';
import {
  acceptImportChunk,
  encodeChunk,
  type ChunkLine,
  type ImportChunk,
} from '../../src/record/import-chunks';
import {
  finishImport,
  heldParts,
  lookAtImport,
  noteObstacle,
  openParts,
  releaseParts,
  setParts,
  undrivenImports,
} from '../../src/record/import-window';
import {
  commandImport,
  createImport,
  endImportBody,
  endLostImportBody,
  importRejections,
  viewImport,
} from '../../src/record/imports';
import { acceptMessages, readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { createPool } from '../../src/record/pool';
import { saying } from '../support/saying';

let pool: Pool;
beforeAll(async () => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 20 });
  await migrate(pool);
});
afterAll(() => pool.end());

async function newImport(namespace = `test-${randomUUID()}`): Promise<ImportRef> {
  const ref = { namespace, importId: randomUUID() };
  await createImport(pool, ref);
  return ref;
}

const line = (number: number, conversationId: string, ids: string[], content?: string): ChunkLine => ({
  line: number,
  userId: 'ada',
  conversationId,
  messages: ids.map((id) => saying(id, content)),
  ownDuplicates: 0,
});

const chunk = (number: number, lines: ChunkLine[], changes: Partial<ImportChunk> = {}): ImportChunk => ({
  number,
  lines,
  rejections: [],
  abortAtRefusal: false,
  ...changes,
});

const accept = (ref: ImportRef, sent: ImportChunk) => acceptImportChunk(pool, encodeChunk(ref, sent));

const conversation = (ref: ImportRef, conversationId: string): ConversationRef => ({
  namespace: ref.namespace,
  userId: 'ada',
  conversationId,
});

const totalsOf = async (ref: ImportRef) => (await viewImport(pool, ref))!.totals;

/** Plans and ends a conversation's messages as one batch, as its workflow would. */
async function indexAll(
  of: ConversationRef,
  through: number,
  failureReason: string | null = null,
): Promise<void> {
  const first = (await conversationState(pool, of))!.plannedThrough + 1;
  await plan(of, first, through);
  await finishBatches(pool, of, [{ firstSeq: first, failureReason }]);
}

async function plan(of: ConversationRef, firstSeq: number, lastSeq: number): Promise<void> {
  const basis = (await conversationState(pool, of))!;
  const batch = { firstSeq, lastSeq, reason: 'size' as const, memoryId: randomUUID() };
  expect(await insertBatches(pool, of, [batch], basis)).toBe(true);
}

describe('a chunk of an import', () => {
  it('is stored in the order of the file, held, and counted', async () => {
    const ref = await newImport();
    const lines = [line(1, 'b', ['1', '2']), line(3, 'a', ['1']), line(4, 'b', ['3'])];
    const rejections = [{ line: 2, reason: 'is not valid JSON' }];
    const outcome = await accept(ref, chunk(1, lines, { rejections }));
    expect(outcome).toEqual({ lines: 4, accepted: 4, duplicates: 0, rejected: 1, firstRejected: 2 });
    const turns = await readTurns(pool, conversation(ref, 'b'), 1, 10);
    expect(turns.map((turn) => turn.messageId)).toEqual(['1', '2', '3']);
    expect(await conversationState(pool, conversation(ref, 'b'))).toMatchObject({
      appendedThrough: 3,
      dueThrough: 0,
    });
    expect(await totalsOf(ref)).toEqual({
      lines: 4,
      messages: 5,
      accepted: 4,
      duplicates: 0,
      rejected: 1,
      indexed: 0,
      failed: 0,
      pending: 4,
    });
    expect(await importRejections(pool, ref, 0, 10)).toEqual(rejections);
  });

  it('sent again after a lost answer changes nothing', async () => {
    const ref = await newImport();
    const sent = chunk(1, [line(1, 'a', ['1'])], { rejections: [{ line: 2, reason: 'bad' }] });
    await accept(ref, sent);
    const before = await totalsOf(ref);
    expect(await accept(ref, sent)).toBeNull();
    expect(await totalsOf(ref)).toEqual(before);
  });

  it('knows duplicates, and rejects a line whose id is known with other content, whole', async () => {
    const ref = await newImport();
    await acceptMessages(pool, conversation(ref, 'a'), [saying('1'), saying('2')]);
    const lines = [
      line(1, 'a', ['1']),
      line(2, 'a', ['2'], 'other'),
      { ...line(3, 'a', ['new', '1']), messages: [saying('new'), saying('1', 'other')] },
      { ...line(4, 'a', ['3']), ownDuplicates: 2 },
    ];
    expect(await accept(ref, chunk(1, lines))).toEqual({
      lines: 4,
      accepted: 1,
      duplicates: 3,
      rejected: 2,
      firstRejected: 2,
    });
    const turns = await readTurns(pool, conversation(ref, 'a'), 1, 10);
    expect(turns.map((turn) => turn.messageId)).toEqual(['1', '2', '3']);
    expect((await importRejections(pool, ref, 0, 10)).map((one) => one.line)).toEqual([2, 3]);
    // What was live is due as before; what came behind it is held.
    expect(await conversationState(pool, conversation(ref, 'a'))).toMatchObject({
      appendedThrough: 3,
      dueThrough: 2,
    });
  });

  it('stores nothing at or behind the first conflict when told to abort', async () => {
    const ref = await newImport();
    await acceptMessages(pool, conversation(ref, 'a'), [saying('1')]);
    const lines = [line(1, 'a', ['2']), line(2, 'a', ['1'], 'other'), line(3, 'b', ['3'])];
    const outcome = await accept(ref, chunk(1, lines, { abortAtRefusal: true }));
    expect(outcome).toEqual({ lines: 2, accepted: 1, duplicates: 0, rejected: 1, firstRejected: 2 });
    expect((await conversationState(pool, conversation(ref, 'b')))?.appendedThrough ?? 0).toBe(0);
  });

  it('is refused, and leaves nothing, once the import is cancelled or its body has ended', async () => {
    const [cancelled, ended] = [await newImport(), await newImport()];
    await commandImport(pool, cancelled, 'cancel');
    await endImportBody(pool, ended);
    for (const ref of [cancelled, ended]) {
      await expect(accept(ref, chunk(1, [line(1, 'a', ['1'])]))).rejects.toMatchObject({
        status: 409,
      });
      expect(await conversationState(pool, conversation(ref, 'a'))).toBeNull();
      expect((await totalsOf(ref)).messages).toBe(0);
    }
  });

  it('of several imports at once, in any order of conversations: each message once, and no deadlock', async () => {
    const namespace = `test-${randomUUID()}`;
    const imports = await Promise.all(Array.from({ length: 6 }, () => newImport(namespace)));
    const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
    const results = await Promise.all(
      imports.map(async (ref, place) => {
        let accepted = 0;
        for (let n = 1; n <= 5; n += 1) {
          const order = place % 2 === 0 ? names : [...names].reverse();
          const lines = order.map((name, i) => line(i + 1, name, [`m${n}`]));
          accepted += (await accept(ref, chunk(n, lines)))!.accepted;
        }
        return accepted;
      }),
    );
    expect(results.reduce((sum, n) => sum + n)).toBe(200);
    const totals = await Promise.all(imports.map(totalsOf));
    for (const one of totals) expect(one.accepted + one.duplicates).toBe(200);
    const states = await Promise.all(
      names.map((name) => conversationState(pool, conversation(imports[0]!, name))),
    );
    expect(states.map((state) => state?.appendedThrough)).toEqual(names.map(() => 5));
  });
});

describe('counting what became of an import', () => {
  it('adds up through indexing, failing and retrying, for each of several imports', async () => {
    const first = await newImport();
    const second = await newImport(first.namespace);
    await accept(first, chunk(1, [line(1, 'a', ['1', '2'])]));
    await accept(second, chunk(1, [line(1, 'a', ['3', '4', '5'])]));
    const of = conversation(first, 'a');
    await acceptMessages(pool, of, [saying('live')]);
    expect(await conversationState(pool, of)).toMatchObject({ appendedThrough: 6, dueThrough: 6 });
    await indexAll(of, 1);
    await indexAll(of, 4, 'refused');
    await indexAll(of, 6);
    expect(await totalsOf(first)).toMatchObject({ accepted: 2, indexed: 1, failed: 1, pending: 0 });
    expect(await totalsOf(second)).toMatchObject({ accepted: 3, indexed: 1, failed: 2, pending: 0 });
    await finishBatches(pool, of, [{ firstSeq: 2, failureReason: 'refused' }]);
    expect(await totalsOf(first)).toMatchObject({ indexed: 1, failed: 1 });
    await reopenFailed(pool, of);
    expect(await totalsOf(second)).toMatchObject({ indexed: 1, failed: 0, pending: 2 });
    await finishBatches(pool, of, [{ firstSeq: 2, failureReason: null }]);
    expect(await totalsOf(first)).toMatchObject({ indexed: 2, failed: 0 });
    expect(await totalsOf(second)).toMatchObject({ indexed: 3, failed: 0 });
  });

  it('tells batches of a cancelled import from live ones, and from those that a retry put back', async () => {
    const ref = await newImport();
    const of = conversation(ref, 'a');
    await accept(ref, chunk(1, [line(1, 'a', ['1', '2', '3'])]));
    await acceptMessages(pool, of, [saying('live')]);
    for (const [firstSeq, lastSeq] of [
      [1, 1],
      [2, 2],
      [3, 4],
    ] as const)
      await plan(of, firstSeq, lastSeq);
    const cancelled = async (): Promise<number[]> =>
      (await unfinishedBatches(pool, of, 9)).flatMap((batch) => (batch.cancelled ? [batch.firstSeq] : []));
    expect(await cancelled()).toEqual([]);
    await commandImport(pool, ref, 'cancel');
    expect(await cancelled()).toEqual([1, 2]);
    await finishBatches(pool, of, [{ firstSeq: 1, failureReason: 'cancelled' }]);
    await reopenFailed(pool, of);
    expect(await cancelled()).toEqual([2]);
  });
});

describe('letting an import go', () => {
  it('raises what is due page by page, until every part is done', async () => {
    const ref = await newImport();
    const ids = Array.from({ length: 10 }, (_, i) => `m${i}`);
    await accept(ref, chunk(1, [line(1, 'long', ids), line(2, 'short', ids.slice(0, 2))]));
    const of = conversation(ref, 'long');
    expect((await heldParts(pool, ref, 5, 10)).map((part) => part.ref.conversationId)).toEqual(['long']);
    expect((await heldParts(pool, ref, 0, 10)).map((part) => part.ref.conversationId)).toEqual([
      'long',
      'short',
    ]);
    await releaseParts(pool, ref, [{ ref: of, throughSeq: 4, flush: false }]);
    expect(await conversationState(pool, of)).toMatchObject({ dueThrough: 4, appendedThrough: 10 });
    expect(await openParts(pool, ref)).toMatchObject([
      { ref: of, lastSeq: 10, releasedThrough: 4, flushed: false, consideredThrough: 0 },
    ]);
    await noteConsidered(pool, of, 4);
    await releaseParts(pool, ref, [{ ref: of, throughSeq: 10, flush: true }]);
    await indexAll(of, 10);
    expect(await openParts(pool, ref)).toMatchObject([
      { flushed: true, indexedThrough: 10, consideredThrough: 4 },
    ]);
    await setParts(pool, ref, 'done', [of]);
    await endImportBody(pool, ref);
    expect(await finishImport(pool, ref)).toBe(false);
    const short = conversation(ref, 'short');
    await releaseParts(pool, ref, [{ ref: short, throughSeq: 2, flush: true }]);
    await setParts(pool, ref, 'done', [short]);
    expect(await finishImport(pool, ref)).toBe(false);
    await indexAll(short, 2);
    await setParts(pool, ref, 'done', [short]);
    expect(await finishImport(pool, ref)).toBe(true);
    expect(await viewImport(pool, ref)).toMatchObject({ status: 'completed', secondsLeft: 0 });
  });

  it('opens a part again when more of its lines come', async () => {
    const ref = await newImport();
    const of = conversation(ref, 'a');
    await accept(ref, chunk(1, [line(1, 'a', ['1'])]));
    await releaseParts(pool, ref, [{ ref: of, throughSeq: 1, flush: false }]);
    await indexAll(of, 1);
    await setParts(pool, ref, 'done', [of]);
    await accept(ref, chunk(2, [line(2, 'a', ['2'])]));
    expect(await heldParts(pool, ref, 1, 10)).toMatchObject([{ ref: of, lastSeq: 2, releasedThrough: 1 }]);
  });

  it('is looked after: a body whose receiver is gone ends, an import nobody drives is found', async () => {
    const ref = await newImport();
    await endLostImportBody(pool, ref);
    expect(await lookAtImport(pool, ref)).toMatchObject({ ended: false, paused: false, cancelled: false });
    await pool.query(
      `UPDATE imports SET receiving_until = now() - interval '1 s', driven_at = now() - interval '1 min' WHERE import_id = $1`,
      [ref.importId],
    );
    expect(await undrivenImports(pool, 30_000, 1_000)).toContainEqual(ref);
    await endLostImportBody(pool, ref);
    expect(await lookAtImport(pool, ref)).toMatchObject({ ended: true });
    expect(await undrivenImports(pool, 30_000, 1_000)).not.toContainEqual(ref);
  });

  it('leaves a tail that waits for more of its import out of the sweep, and says what indexing waits for', async () => {
    const ref = await newImport();
    const of = conversation(ref, 'a');
    await accept(ref, chunk(1, [line(1, 'a', ['1', '2'])]));
    await releaseParts(pool, ref, [{ ref: of, throughSeq: 1, flush: false }]);
    await pool.query(
      `UPDATE conversations SET announced_through = 1, updated_at = now() - interval '1 h' WHERE namespace = $1`,
      [ref.namespace],
    );
    const stuck = async (): Promise<boolean> => {
      const limits = { missedAfterMs: 1, stuckAfterMs: 1, limit: 10_000, defaultFlushIntervalMs: 1 };
      const missed = await missedAnnouncements(pool, limits);
      return missed.some((one) => one.ref.namespace === ref.namespace);
    };
    expect(await stuck()).toBe(true);
    await noteConsidered(pool, of, 1);
    expect(await stuck()).toBe(false);
    await noteObstacle(pool, of, 'embedder: busy');
    expect(await viewImport(pool, ref)).toMatchObject({ obstacle: 'embedder: busy' });
    await indexAll(of, 1);
    expect(await viewImport(pool, ref)).toMatchObject({ obstacle: null });
  });
});

describe('receiving lines', () => {
  async function* groups(lines: ReadLine[], size: number): AsyncGenerator<ReadLine[]> {
    for (let from = 0; from < lines.length; from += size) yield lines.slice(from, from + size);
  }
  const read = (number: number, content: string, messageId?: string): ReadLine => ({
    line: number,
    userId: 'ada',
    conversationId: 'a',
    bytes: content.length,
    messages: [{ ...saying(messageId ?? '', content), ...(messageId ? {} : { unnamed: true }) }],
  });

  it('keeps the order of the file over many chunks, and tells equal messages apart', async () => {
    const ref = await newImport();
    const lines = Array.from({ length: 3_500 }, (_, i) => read(i + 1, `text ${i % 700}`));
    await receiveLines(pool, ref, groups(lines, 37), { abortOnError: false });
    const turns = await readTurns(pool, conversation(ref, 'a'), 1, 4_000);
    expect(turns.map((turn) => turn.content)).toEqual(lines.map((_, i) => `text ${i % 700}`));
    const again = await newImport(ref.namespace);
    await receiveLines(pool, again, groups(structuredClone(lines), 1_000), { abortOnError: false });
    expect(await totalsOf(again)).toMatchObject({ accepted: 0, duplicates: 3_500 });
  });

  it('takes an id that comes again at once for a duplicate, or rejects it', async () => {
    const ref = await newImport();
    const lines = [read(1, 'one', 'm'), read(2, 'one', 'm'), read(3, 'two', 'm'), read(4, 'x', 'n')];
    await receiveLines(pool, ref, groups(lines, 10), { abortOnError: false });
    expect(await totalsOf(ref)).toMatchObject({ lines: 4, accepted: 2, duplicates: 1, rejected: 1 });
    expect((await importRejections(pool, ref, 0, 10)).map((one) => one.line)).toEqual([3]);
  });

  it('keeps what came before its source failed', async () => {
    const ref = await newImport();
    async function* failing(): AsyncGenerator<ReadLine[]> {
      yield [read(1, 'one'), read(2, 'two')];
      throw new Error('cut');
    }
    await expect(receiveLines(pool, ref, failing(), { abortOnError: false })).rejects.toThrow('cut');
    expect(await totalsOf(ref)).toMatchObject({ accepted: 2 });
  });

  it('stores a slow sender’s lines before the next ones come', async () => {
    const ref = await newImport();
    let seen = 0;
    async function* slow(): AsyncGenerator<ReadLine[]> {
      yield [read(1, 'one')];
      for (let i = 0; i < 50 && seen === 0; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        seen = (await totalsOf(ref)).accepted;
      }
    }
    await receiveLines(pool, ref, slow(), { abortOnError: false });
    expect(seen).toBe(1);
  });
});

describe('occurrences', () => {
  it('are counted the same whether they fit into memory or not', async () => {
    const texts = Array.from({ length: 60 }, (_, i) => `text ${(i * 7) % 25}`);
    const spilled = async ({ importId }: ImportRef): Promise<number> => {
      const counted = 'SELECT count(*)::int AS n FROM import_occurrences WHERE import_id = $1';
      return (await pool.query<{ n: number }>(counted, [importId])).rows[0]!.n;
    };
    const ids = async (maxInMemory: number): Promise<{ named: string[]; spilled: number }> => {
      const ref = await newImport();
      const occurrences = new Occurrences(pool, ref, maxInMemory);
      const named: string[] = [];
      for (let from = 0; from < texts.length; from += 6) {
        const messages = texts.slice(from, from + 6).map((text) => ({ ...saying('', text), unnamed: true }));
        await occurrences.name([{ userId: 'ada', conversationId: 'a', messages }]);
        await occurrences.spillWhenFull();
        named.push(...messages.map((one) => one.messageId));
      }
      const held = { named, spilled: await spilled(ref) };
      // Nobody asks for them once the body has ended.
      await endImportBody(pool, ref);
      expect(await spilled(ref)).toBe(0);
      return held;
    };
    const inMemory = await ids(1_000);
    expect(new Set(inMemory.named).size).toBe(60);
    expect(inMemory.spilled).toBe(0);
    const bounded = await ids(8);
    expect(bounded.named).toEqual(inMemory.named);
    // All but what one spill leaves room for.
    expect(bounded.spilled).toBeGreaterThanOrEqual(25 - 8);
  });
});
