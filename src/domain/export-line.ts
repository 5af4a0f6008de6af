/**
 * The kinds of lines of an export. An import takes `message` lines, and of `memory` lines (memories that were not made of
 * messages alone) those of tier `fact`; the others it passes over: `conversation` (its own policy) comes before its
 * messages, `memory` lines of tier `raw` were edited, `summary` and `persona` lines are what was made of all that.
 */
export const EXPORT_LINE_TYPES = ['user', 'conversation', 'message', 'memory', 'summary', 'persona'] as const;
export type ExportLineType = (typeof EXPORT_LINE_TYPES)[number];

/** The version of the format that a `user` line states. */
export const EXPORT_FORMAT = 1;

/** Of which kind a line is; null when it is none of an export. */
export function exportLineType(line: unknown): ExportLineType | null {
  const { type } = fieldsOf(line);
  return EXPORT_LINE_TYPES.find((one) => one === type) ?? null;
}

/** Whether a line is a memory that no messages make anew, which an import takes. */
export function isWrittenMemory(line: unknown): boolean {
  const { type, tier } = fieldsOf(line);
  return type === 'memory' && tier === 'fact';
}

function fieldsOf(line: unknown): { type?: unknown; tier?: unknown } {
  return typeof line === 'object' && line !== null ? line : {};
}
