import { createHash } from 'node:crypto';
import type { ConversationRef } from './message';

/** Our own UUIDv5 namespace (RFC 9562 §5.5), so that no other system's names collide with ours. */
const OUR_UUID_NAMESPACE = Buffer.from('6f1b0c6e9d0f4d0e8f0a1f5f2a7d3c11', 'hex');
/** The two bits of the variant and two of the hash (RFC 9562 §4.1). */
const VARIANT_DIGITS = '89ab';

const WORKFLOW_ID_PART_CHARS = 48;
const TENANT_NAMESPACE_CHARS = 20;

/** UUIDv5 of `parts`; JSON keeps ('ab','c') and ('a','bc') apart. */
export function uuidV5(parts: readonly unknown[]): string {
  // One update and a hex digest: a third cheaper than bytes, and an import makes an id a line.
  const name = Buffer.concat([OUR_UUID_NAMESPACE, Buffer.from(JSON.stringify(parts))]);
  const hex = createHash('sha1').update(name).digest('hex');
  const variant = VARIANT_DIGITS[parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The id of the raw memory made of one batch: the same batch always makes the same memory. */
export function rawMemoryId(
  ref: ConversationRef,
  firstSeq: number,
  lastSeq: number,
  eraseEpoch: number,
): string {
  return uuidV5([ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq, eraseEpoch]);
}

/**
 * The id of a conversation's workflow, readable in the Temporal UI and below 200 bytes:
 * `conversation:<namespace>:<user>:<conversation>:<8 hex>`. The hash tells apart what the reduction makes alike.
 * Never `/` or `%`: Temporal UI 2.42 answers 404 on links with them.
 */
export function conversationWorkflowId(ref: ConversationRef): string {
  const parts = [ref.namespace, ref.userId, ref.conversationId];
  return ['conversation', ...parts.map(readablePart), workflowHash(parts)].join(':');
}

/** The id of the workflow that erases a user, of whom it knows a keyed hash alone. */
export function erasureWorkflowId(userHash: string): string {
  return `erase:${userHash}`;
}

/**
 * The id of the workflow that reindexes a user, a namespace or (both null) everything. Of a user it ends as all of
 * theirs do.
 */
export function reindexWorkflowId(namespace: string | null, userId: string | null): string {
  if (namespace === null) return 'reindex:all';
  const parts = userId === null ? [namespace] : [namespace, userId];
  return ['reindex', ...parts.map(readablePart), workflowHash(parts)].join(':');
}

/** Whether a workflow's id ends as those of this user do (their own, or this conversation's): in the hash of its parts. */
export function isWorkflowOf(
  workflowId: string,
  owner: Pick<ConversationRef, 'namespace' | 'userId'>,
  conversationId: string | null,
): boolean {
  const parts = [owner.namespace, owner.userId];
  const whole = conversationId === null ? [parts] : [parts, [...parts, conversationId]];
  return whole.some((one) => workflowId.endsWith(`:${workflowHash(one)}`));
}

/** The id of an episode's summary: the same episode, open or closed, always has the same. */
export function episodeSummaryId(ref: ConversationRef, firstSeq: number, eraseEpoch: number): string {
  return uuidV5([ref.namespace, ref.userId, ref.conversationId, 'episode', firstSeq, eraseEpoch]);
}

/** The id of a user's arc under a persona. */
export function arcSummaryId(namespace: string, userId: string, persona: string): string {
  return uuidV5([namespace, userId, 'arc', persona]);
}

/** The id of the workflow that keeps a user's summaries: `tiers:<namespace>:<user>:<8 hex>`; see conversationWorkflowId. */
export function tiersWorkflowId(namespace: string, userId: string): string {
  const parts = [namespace, userId];
  return ['tiers', ...parts.map(readablePart), sha256Hex(JSON.stringify(parts)).slice(0, 8)].join(':');
}

/** The id of the workflow that has a language model read a conversation; see conversationWorkflowId. */
export function extractionWorkflowId(ref: ConversationRef): string {
  return conversationWorkflowId(ref).replace(/^conversation:/, 'extract:');
}

/** The Weaviate tenant of a user: namespace first, then a hash, within Weaviate's `^[A-Za-z0-9_-]{1,64}$`. */
export function tenantName(namespace: string, userId: string): string {
  const readable = namespace.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, TENANT_NAMESPACE_CHARS);
  return `${readable}-u_${sha256Hex(JSON.stringify([namespace, userId])).slice(0, 40)}`;
}

/** 64 hex characters of SHA-256. */
export function sha256Hex(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

function workflowHash(parts: readonly string[]): string {
  return sha256Hex(JSON.stringify(parts)).slice(0, 8);
}

function readablePart(text: string): string {
  return text.replace(/[^A-Za-z0-9_.@-]/g, '_').slice(0, WORKFLOW_ID_PART_CHARS);
}
