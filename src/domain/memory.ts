import type { Role } from './message';

export type Tier = 'raw' | 'fact' | 'episodic' | 'arc';
export const LAYERS = ['short-term', 'semantic', 'long-term', 'episodic', 'procedural', 'emotional'] as const;
export type Layer = (typeof LAYERS)[number];
export const MEMORY_TYPES = ['explicit', 'implicit'] as const;
export type MemoryType = (typeof MEMORY_TYPES)[number];

/** What was felt in a text: valence −1..1, arousal 0..1, intensity 0..1. Null where nothing was felt. */
export interface EmotionalSignature {
  valence: number;
  arousal: number;
  emotion: string;
  intensity: number;
}

/** A valence up to it, on either side, counts as nothing felt. */
export const SILENT_VALENCE = 0.2;

/** Whether a valence, −1 … 1, is nothing felt. */
export function isSilent(valence: number): boolean {
  return Math.abs(valence) <= SILENT_VALENCE;
}

/** What was felt, if that is anything. */
export function feltIn(signature: EmotionalSignature): EmotionalSignature | null {
  return isSilent(signature.valence) ? null : signature;
}

/** A memory as the record keeps it. */
export interface Memory {
  namespace: string;
  userId: string;
  id: string;
  tier: Tier;
  layer: Layer;
  type: MemoryType;
  content: string;
  /** Null for memories that no conversation made. */
  conversationId: string | null;
  firstSeq: number | null;
  lastSeq: number | null;
  sourceMessageIds: string[];
  importance: number;
  personaTags: string[];
  emotionalSignature: EmotionalSignature | null;
  /** The contract's `metadata`: ours (conversation_id, message_ids, message_roles, batch_size, aggregation?) and the caller's. */
  metadata: Record<string, unknown>;
  /** When it was said: a batch's first message. */
  createdAt: Date;
  /** When it came in. */
  storedAt: Date;
  /** The content was set by hand: it, not the batch's turns, is what is recalled. */
  contentEdited?: true;
}

/** Whether a memory's own content is what is recalled; of others it is the turns of their batch. */
export function speaksForItself(memory: Pick<Memory, 'tier' | 'contentEdited'>): boolean {
  return memory.tier !== 'raw' || memory.contentEdited === true;
}

/** One turn of a batch in an answer. */
export interface TurnMatch {
  messageId: string;
  role: Role;
  name: string | null;
  content: string;
  timestamp: Date;
  score: number;
}

/** A memory in an answer. */
export interface RecalledMemory extends Memory {
  /** 0..1: relevance seen through the persona's weights. Lists descend by it. */
  score: number;
  /** 0..1, calibrated: whether this answers the query at all. */
  relevance: number;
  matches: TurnMatch[];
}

/** One memory put into a stream of messages (the guide's MemoryInjection). */
export interface Injection {
  memoryId: string;
  content: string;
  source: 'short_term' | 'long_term' | 'system';
  channel: string;
  score: number;
  metadata: { layer: Layer; conversation_id: string };
}

/** The contract's mapping of a memory's layer to an injection's source. */
export function injectionSource(layer: Layer): Injection['source'] {
  if (layer === 'short-term') return 'short_term';
  return layer === 'long-term' || layer === 'semantic' ? 'long_term' : 'system';
}
