import { z } from 'zod';
import type { ConversationRef } from '../../domain/message';
import { failedRanges } from '../../record/batches';
import { memoriesOfMessages } from '../../record/memories';
import { conversationState } from '../../record/conversations';
import type { ApiDependencies } from '../dependencies';
import { MAX_MESSAGES } from '../schemas/fields';

const MAX_EVENT_ID_CHARS = 8_192;

/** What one `add` stored: by this alone it can be looked up what became of it. */
export interface AddEvent {
  userId: string;
  conversationId: string;
  seqs: number[];
}

const encoded = z.tuple([
  z.string(),
  z.string(),
  z.array(z.tuple([z.int().min(1), z.int().min(1)])).max(MAX_MESSAGES),
]);

/** One memory that an `add` made, or found. */
export const addedMemory = z
  .object({
    id: z.string(),
    event: z.enum(['ADD', 'NOOP']).meta({ description: 'NOOP: it was there before' }),
    memory: z.string(),
    data: z.object({ memory: z.string() }),
  })
  .meta({ id: 'Mem0AddedMemory' });
export type AddedMemory = z.output<typeof addedMemory>;

export const eventStatus = z.enum(['PENDING', 'SUCCEEDED', 'FAILED']);

export function added(memory: { id: string; content: string }, isNew: boolean): AddedMemory {
  const text = memory.content;
  return { id: memory.id, event: isNew ? 'ADD' : 'NOOP', memory: text, data: { memory: text } };
}

/** An id that says what it is about: nothing has to be kept for it. */
export function encodeEvent({ userId, conversationId, seqs }: AddEvent): string {
  const ranges: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && seq <= last[1] + 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return Buffer.from(JSON.stringify([userId, conversationId, ranges])).toString('base64url');
}

/** Null for what is no id of ours. */
export function decodeEvent(id: string): AddEvent | null {
  if (id.length > MAX_EVENT_ID_CHARS) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(id, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  const parsed = encoded.safeParse(value);
  if (!parsed.success) return null;
  const [userId, conversationId, ranges] = parsed.data;
  const seqs: number[] = [];
  for (const [first, last] of ranges)
    for (let seq = first; seq <= last && seqs.length <= MAX_MESSAGES; seq += 1) seqs.push(seq);
  return seqs.length > MAX_MESSAGES ? null : { userId, conversationId, seqs };
}

/** What became of an `add`. @param isNew which of its messages it brought; all, when nobody knows any more */
export async function outcomeOf(
  { pool }: Pick<ApiDependencies, 'pool'>,
  ref: ConversationRef,
  seqs: readonly number[],
  isNew: (seq: number) => boolean = () => true,
): Promise<{ status: z.output<typeof eventStatus>; results: AddedMemory[]; error?: string }> {
  if (seqs.length === 0) return { status: 'SUCCEEDED', results: [] };
  const state = await conversationState(pool, ref);
  if (!state || state.indexedThrough < Math.max(...seqs)) return { status: 'PENDING', results: [] };
  const [memories, failed] = await Promise.all([
    memoriesOfMessages(pool, ref, seqs),
    failedRanges(pool, ref),
  ]);
  const results = memories.map((memory) => {
    const own = seqs.filter((seq) => (memory.firstSeq ?? 0) <= seq && seq <= (memory.lastSeq ?? 0));
    return added(memory, own.some(isNew));
  });
  const refused = failed.find((range) => seqs.some((seq) => range.fromSeq <= seq && seq <= range.throughSeq));
  return refused ? { status: 'FAILED', results, error: refused.reason } : { status: 'SUCCEEDED', results };
}
