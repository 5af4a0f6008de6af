import { feltIn, type EmotionalSignature, type Layer, type Memory, type MemoryType } from '../domain/memory';
import { personaTags } from '../domain/persona-tags';
import { NOTHING } from '../ingest/quotas';
import { saveFact, type Expiry } from '../record/facts';
import { isStoredMemory } from '../record/memories';
import { transaction } from '../record/pool';
import type { ApiDependencies } from './dependencies';

const DEFAULT_IMPORTANCE = 0.8;

/** A memory written by hand; what is left out follows from how it reads, or has a default. */
export interface WrittenMemory {
  id: string;
  content: string;
  layer?: Layer | null | undefined;
  type?: MemoryType | null | undefined;
  importance?: number | null | undefined;
  personaTags?: string[] | null | undefined;
  /** null: nothing was felt. */
  emotionalSignature?: EmotionalSignature | null | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  sourceMessageIds?: string[] | undefined;
  createdAt?: Date | null | undefined;
  expiry?: Expiry | null | undefined;
}

/**
 * Stores a memory that somebody wrote by hand; it is found when this returns.
 * @returns it as it stands, which is as it was if one with this id is there; null when one with this id is gone
 * @throws DomainError 403 for a quota, 410 for an erased user
 */
export async function writeMemory(
  deps: ApiDependencies,
  owner: { namespace: string; userId: string },
  written: WrittenMemory,
): Promise<Memory | null> {
  const memory = await saveWritten(deps, owner, written);
  if (memory) await deps.keepIndex(owner, [memory.id]);
  return memory;
}

/** As writeMemory, but leaves it to the caller that it is found: see ApiDependencies.keepIndex. */
export async function saveWritten(
  deps: Pick<ApiDependencies, 'pool' | 'quotas' | 'readers'>,
  owner: { namespace: string; userId: string },
  written: WrittenMemory,
): Promise<Memory | null> {
  const fact = {
    id: written.id,
    content: written.content,
    layer: written.layer ?? 'semantic',
    type: written.type ?? 'explicit',
    importance: written.importance ?? DEFAULT_IMPORTANCE,
    ...(await readOf(deps, written)),
    metadata: written.metadata ?? {},
    sourceMessageIds: written.sourceMessageIds,
    createdAt: written.createdAt ?? null,
    expiry: written.expiry ?? null,
  };
  const size = { messages: 0, memories: 1, bytes: Buffer.byteLength(written.content) };
  // One that is there, or was, needs no room: whoever writes it again hears so.
  const { memory } = await deps.quotas.within(
    owner,
    size,
    async () => ((await isStoredMemory(deps.pool, owner, fact.id)) ? NOTHING : size),
    () => transaction(deps.pool, (client) => saveFact(client, owner, fact)),
    ({ isNew }) => (isNew ? size : NOTHING),
  );
  return memory;
}

/** Whom the memory is about and what is felt in it: as its writer says, else as it reads. */
async function readOf(
  { readers }: Pick<ApiDependencies, 'readers'>,
  written: WrittenMemory,
): Promise<{ personaTags: string[]; emotionalSignature: EmotionalSignature | null }> {
  const { personaTags: tagged, emotionalSignature: said } = written;
  const felt = said && feltIn(said);
  if (tagged && felt !== undefined) return { personaTags: tagged, emotionalSignature: felt };
  // By its words: its vector is made behind the record.
  const texts = [{ text: written.content, vector: null }];
  const [[reading], [feeling]] = await Promise.all([
    readers.personas.classify(texts),
    readers.affect.feel(texts),
  ]);
  const tags = personaTags([{ reading: reading!, weight: 1 }], null).map((tag) => tag.persona);
  return { personaTags: tagged ?? tags, emotionalSignature: felt === undefined ? (feeling ?? null) : felt };
}
