import type { ApiDependencies } from './dependencies';

const NARRATIVE = 'narrative';
const EXTRACTION = 'extraction';

/** What an answer says of messages that the language model there is has not read, and reads later. */
export function unreadParts(unread: boolean): { degraded?: string[] } {
  return unread ? { degraded: [EXTRACTION] } : {};
}

/** What an answer says of a narrative that was told without the language model there is. */
export function degradedParts(
  { metrics }: Pick<ApiDependencies, 'metrics'>,
  told: { degraded: boolean },
): { degraded?: string[] } {
  if (!told.degraded) return {};
  metrics.instruments.degraded.inc({ part: NARRATIVE });
  return { degraded: [NARRATIVE] };
}
