import { uuidV5 } from './ids';
import type { ConversationRef, IncomingMessage } from './message';

/** As `GET /v1/imports/{id}` says it. */
export type ImportStatus =
  'receiving' | 'running' | 'paused' | 'completed' | 'completed_with_errors' | 'cancelled';
export const IMPORT_STATUSES = [
  'receiving',
  'running',
  'paused',
  'completed',
  'completed_with_errors',
  'cancelled',
] as const satisfies readonly ImportStatus[];

/** An import belongs to a namespace; its id is one of ours. */
export interface ImportRef {
  namespace: string;
  importId: string;
}

/** Why the pending messages of a cancelled import are `failed`. */
export const CANCELLED_REASON = 'cancelled';

/** Counts of an import. Always accepted = indexed + failed + pending, and messages = accepted + duplicates + rejected. */
export interface ImportTotals {
  lines: number;
  messages: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  indexed: number;
  failed: number;
  pending: number;
}

/** What decides an import's status. */
export interface ImportMoments {
  ended: boolean;
  paused: boolean;
  cancelled: boolean;
  finished: boolean;
}

export function importStatusOf(
  moments: ImportMoments,
  totals: Pick<ImportTotals, 'rejected' | 'failed' | 'pending'>,
): ImportStatus {
  if (moments.cancelled) return 'cancelled';
  // A retry puts failed messages of a finished import back to work.
  if (moments.finished && totals.pending > 0) return 'running';
  if (moments.finished) return totals.rejected + totals.failed > 0 ? 'completed_with_errors' : 'completed';
  if (moments.paused) return 'paused';
  return moments.ended ? 'running' : 'receiving';
}

/**
 * The id of a message that came without one: the same file gives the same ids again.
 * @param occurrence 1 for the first of its kind in the file, 2 for the second …
 */
export function derivedMessageId(
  ref: Pick<ConversationRef, 'userId' | 'conversationId'>,
  message: Pick<IncomingMessage, 'role' | 'content' | 'timestamp'>,
  occurrence: number,
): string {
  const time = message.timestamp?.toISOString() ?? null;
  return uuidV5(['import', ref.userId, ref.conversationId, message.role, time, message.content, occurrence]);
}

/** The id of an import's workflow. */
export function importWorkflowId(importId: string): string {
  return `import:${importId}`;
}
