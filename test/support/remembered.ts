import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { indexBatches, type IndexBatchesDependencies } from '../../activities/index-batches';
import { rawMemoryId } from '../../src/domain/ids';
import type { ConversationRef } from '../../src/domain/message';
import { createReaders } from '../../src/models/create-readers';
import type { NewFact } from '../../src/record/facts';
import { oldestIndexPending } from '../../src/record/index-pending';
import { acceptMessages } from '../../src/record/messages';
import { saying } from './saying';

const NEVER = new AbortController().signal;

/** A memory to be written by hand. */
export function newFact(content: string, change: Partial<NewFact> = {}): NewFact {
  return {
    id: randomUUID(),
    content,
    layer: 'semantic',
    type: 'explicit',
    importance: 0.8,
    personaTags: ['identity'],
    emotionalSignature: null,
    metadata: {},
    createdAt: null,
    expiry: null,
    ...change,
  };
}

/** One message a batch, indexed as the conversation's workflow does it. @returns the memories' ids */
export async function indexTalk(
  dependencies: Pick<IndexBatchesDependencies, 'pool' | 'index' | 'embedder'>,
  ref: ConversationRef,
  texts: readonly string[],
): Promise<string[]> {
  const messages = texts.map((content, i) => saying(`m${i + 1}`, content));
  const accepted = await acceptMessages(dependencies.pool, ref, messages);
  const batches = accepted.map(({ seq }) => ({
    firstSeq: seq,
    lastSeq: seq,
    reason: 'size' as const,
    attempts: 0,
    cancelled: false,
    memoryId: rawMemoryId(ref, seq, seq, 0),
  }));
  const { outcomes } = await indexBatches({ ...dependencies, ...createReaders(null) }, ref, batches, NEVER);
  expect(outcomes.every((outcome) => outcome.failureReason === null)).toBe(true);
  return batches.map((batch) => batch.memoryId);
}

/** The memories of a namespace that are noted as behind in the index. */
export async function indexPendingOf(pool: Pool, namespace: string): Promise<string[]> {
  const all = await oldestIndexPending(pool, -1_000, 10_000);
  return all.filter((one) => one.namespace === namespace).flatMap((one) => one.ids);
}
