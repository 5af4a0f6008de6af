import { DomainError } from '../domain/errors';
import type { Rejection } from '../record/imports';
import type { ApiDependencies } from './dependencies';
import { saveWritten, type WrittenMemory } from './write-memory';

/** A line of an export with a memory that no messages make anew. */
export interface MemoryLine {
  line: number;
  userId: string;
  memory: WrittenMemory;
}

/**
 * Stores memories that an export has brought; they are found when this returns. One whose id is there already, or was
 * deleted, stays as it is.
 * @returns those that were refused
 * @throws UnavailableError when the record is out of reach
 */
export async function storeMemoryLines(
  deps: Pick<ApiDependencies, 'pool' | 'quotas' | 'readers' | 'keepIndex'>,
  namespace: string,
  lines: readonly MemoryLine[],
): Promise<Rejection[]> {
  const rejections: Rejection[] = [];
  const stored = new Map<string, string[]>();
  for (const { line, userId, memory } of lines) {
    try {
      const saved = await saveWritten(deps, { namespace, userId }, memory);
      if (saved) stored.set(userId, [...(stored.get(userId) ?? []), saved.id]);
    } catch (thrown) {
      if (!(thrown instanceof DomainError)) throw thrown;
      rejections.push({ line, reason: thrown.status === 410 ? `user_id: ${thrown.detail}` : thrown.detail });
    }
  }
  for (const [userId, ids] of stored) await deps.keepIndex({ namespace, userId }, ids);
  return rejections;
}
