/**
 * The kinds of lines of an export. An import takes `message` lines, and of `memory` lines (memories that were not made of
 * messages alone) those of tier `fact`; the others it passes over: `conversation` (its own policy) comes before its
 * messages, `memory` lines of tier `raw` were edited, `summary` and `persona` lines are what was made of all that.
 */
export const EXPORT_LINE_TYPES = ['user', 'conversation', 'message', 'memory', 'summary', 'persona'] as const;
export type ExportLineType = (typeof EXPORT_LINE_TYPES)[number];

/** The version of the format that a `user` line states. */
export const EXPORT_FORMAT = 1;
