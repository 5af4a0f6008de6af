import { portfolioOf } from '../domain/holdings/portfolio';
import { tradesIn } from '../domain/holdings/trades';
import { mergedMetadata } from '../domain/metadata';
import type { EmotionalSignature, Layer, Memory, MemoryType } from '../domain/memory';
import { admitUser } from './erasures';
import { markEpisodesStale } from './episodes';
import { markIndexPending } from './index-pending';
import {
  LIVE_MEMORY,
  MEMORY_COLUMNS,
  getMemory,
  memoryFromRow,
  saveMemories,
  type MemoryRow,
} from './memories';
import { run, type Queryable } from './pool';
import { readTradesAnew } from './readings';
import { markTiersPending } from './tier-marks';

/** A memory that somebody wrote by hand. */
export interface NewFact {
  id: string;
  content: string;
  layer: Layer;
  type: MemoryType;
  importance: number;
  personaTags: string[];
  emotionalSignature: EmotionalSignature | null;
  metadata: Record<string, unknown>;
  /** The messages that say it, where any do. */
  sourceMessageIds?: string[] | undefined;
  /** When it was so; null: now. */
  createdAt: Date | null;
  expiry: Expiry | null;
}

/** When a memory expires: at a moment, or so many seconds from now by the record's clock. */
export type Expiry = { at: Date } | { inSeconds: number };

const NOW = { name: 'record-now', text: 'SELECT clock_timestamp() AS now' };
const SET_EXPIRY = {
  name: 'set-memory-expiry',
  text: `UPDATE memories SET expires_at = coalesce($4::timestamptz,
                                                 clock_timestamp() + $5::double precision * interval '1 second')
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND ${LIVE_MEMORY}`,
};

/** What became of a fact. */
export interface SavedFact {
  /** As it stands; null when one with this id was deleted, superseded or has expired. */
  memory: Memory | null;
  isNew: boolean;
}

/** Stores a fact, to be indexed; in a transaction. Again with the same id changes nothing. */
export async function saveFact(
  on: Queryable,
  owner: { namespace: string; userId: string },
  fact: NewFact,
): Promise<SavedFact> {
  await admitUser(on, owner);
  const known = await getMemory(on, owner, fact.id);
  if (known) return { memory: known, isNew: false };
  const { now } = (await run<{ now: Date }>(on, NOW)).rows[0]!;
  const memory: Memory = {
    namespace: owner.namespace,
    userId: owner.userId,
    id: fact.id,
    tier: 'fact',
    layer: fact.layer,
    type: fact.type,
    content: fact.content,
    conversationId: null,
    firstSeq: null,
    lastSeq: null,
    sourceMessageIds: fact.sourceMessageIds ?? [],
    importance: fact.importance,
    personaTags: fact.personaTags,
    emotionalSignature: fact.emotionalSignature,
    metadata: fact.metadata,
    createdAt: fact.createdAt ?? now,
    storedAt: now,
  };
  const isNew = (await saveMemories(on, owner, [memory])) > 0;
  if (fact.expiry)
    await run(on, SET_EXPIRY, [owner.namespace, owner.userId, fact.id, ...expiryValues(fact.expiry)]);
  await markIndexPending(on, owner, [fact.id]);
  return { memory: await getMemory(on, owner, fact.id), isNew };
}

/** What may be changed of a memory by hand; undefined fields stay. */
export interface MemoryChange {
  content?: string | undefined;
  /** What is felt in the new content, of something that was said; undefined: as before. */
  felt?: EmotionalSignature | null | undefined;
  layer?: Layer | undefined;
  importance?: number | undefined;
  personaTags?: string[] | undefined;
  /** Merged into what is there, key by key; null takes a key out. What we keep there ourselves stays. */
  metadata?: Record<string, unknown> | undefined;
  /** null: it does not expire any more. */
  expiry?: Expiry | null | undefined;
}

const LOCK = {
  name: 'lock-memory',
  text: `SELECT ${MEMORY_COLUMNS} FROM memories
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND ${LIVE_MEMORY} FOR UPDATE`,
};
const CHANGE = {
  name: 'change-memory',
  text: `UPDATE memories SET content = $4, layer = $5, importance = $6, persona_tags = $7, metadata = $8, emotional_signature = $9,
                content_edited = content_edited OR (tier = 'raw' AND content <> $4)
          WHERE namespace = $1 AND user_id = $2 AND id = $3`,
};
const FORGET_VECTORS = {
  name: 'forget-memory-vectors',
  text: 'DELETE FROM memory_vectors WHERE namespace = $1 AND user_id = $2 AND memory_id = $3',
};

/**
 * Changes a memory; in a transaction. New content is embedded and indexed anew, and no longer stands for the words of
 * its turns, in it or in its neighbours' context.
 * @returns the memory as it now is, and the memories whose index objects changed with it; null when there is none
 * @throws DomainError 422 for metadata that grows too large
 */
export async function changeMemory(
  on: Queryable,
  owner: { namespace: string; userId: string },
  id: string,
  change: MemoryChange,
): Promise<{ memory: Memory; reindexed: string[] } | null> {
  const key = [owner.namespace, owner.userId, id];
  const row = (await run<MemoryRow>(on, LOCK, key)).rows[0];
  if (!row) return null;
  const content = change.content ?? row.content;
  const metadata = change.metadata ? mergedMetadata(row.metadata, change.metadata) : row.metadata;
  const saidAnew = row.tier === 'raw' && content !== row.content && isOfUser(metadata);
  const felt = saidAnew && change.felt !== undefined ? change.felt : row.emotional_signature;
  await run(on, CHANGE, [
    ...key,
    content,
    change.layer ?? row.layer,
    change.importance ?? row.importance,
    change.personaTags ?? row.persona_tags,
    JSON.stringify(saidAnew ? retraded(metadata, content) : metadata),
    felt === null ? null : JSON.stringify(felt),
  ]);
  if (saidAnew) await readTradesAnew(on, owner, id);
  if (change.expiry !== undefined) await run(on, SET_EXPIRY, [...key, ...expiryValues(change.expiry)]);
  let reindexed: string[] = [];
  if (content !== row.content) {
    await run(on, FORGET_VECTORS, key);
    reindexed = [id, ...(await memoriesInContextOf(on, owner, [id]))];
    await markIndexPending(on, owner, reindexed);
  }
  // Whatever has changed, the summary of its episode says it or goes by it.
  if (row.tier === 'raw' && (await markEpisodesStale(on, owner, [id]))) await markTiersPending(on, owner);
  const memory = memoryFromRow((await run<MemoryRow>(on, LOCK, key)).rows[0]!);
  return { memory, reindexed };
}

/** Trades are those that the new content tells of. */
function retraded(metadata: Record<string, unknown>, content: string): Record<string, unknown> {
  const { portfolio: _, ...others } = metadata;
  const portfolio = portfolioOf(tradesIn(content));
  return portfolio ? { ...others, portfolio } : others;
}

function isOfUser({ message_roles: roles }: Record<string, unknown>): boolean {
  return Array.isArray(roles) && roles.includes('user');
}

/** How many turns before a batch help to index it. */
export const CONTEXT_TURNS = 2;

const IN_CONTEXT = {
  name: 'memories-in-context-of',
  text: `SELECT n.id FROM memories m
           JOIN memories n ON n.namespace = $1 AND n.user_id = $2 AND n.conversation_id = m.conversation_id
            AND n.tier = 'raw' AND n.first_seq BETWEEN m.last_seq + 1 AND m.last_seq + ${CONTEXT_TURNS}
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.id = ANY ($3) AND m.tier = 'raw' AND n.deleted_at IS NULL`,
};

/** The memories whose index objects hold words of these raw memories' turns. */
export async function memoriesInContextOf(
  on: Queryable,
  owner: { namespace: string; userId: string },
  ids: readonly string[],
): Promise<string[]> {
  const result = await run<{ id: string }>(on, IN_CONTEXT, [owner.namespace, owner.userId, ids]);
  return result.rows.map((row) => row.id);
}

function expiryValues(expiry: Expiry | null): [at: Date | null, inSeconds: number | null] {
  if (expiry === null) return [null, null];
  return 'at' in expiry ? [expiry.at, null] : [null, expiry.inSeconds];
}
