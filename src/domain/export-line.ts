/**
 * The kinds of lines of an export. `message` lines are what an import takes, as they are; the others it passes over:
 * `conversation` (its own policy) comes before its messages, `memory` lines are memories that were not made of messages
 * alone, and can be written again by hand, `summary` and `persona` lines what was made of all that.
 */
export const EXPORT_LINE_TYPES = ['user', 'conversation', 'message', 'memory', 'summary', 'persona'] as const;
export type ExportLineType = (typeof EXPORT_LINE_TYPES)[number];

/** The version of the format that a `user` line states. */
export const EXPORT_FORMAT = 1;
