import type { MessagesStored } from '../../workflows/conversation.contract';

/** What a conversation's workflow is to be told. */
export interface Announcement {
  /** Messages up to here are stored. */
  throughSeq: number;
  /** Index everything up to here now. */
  flushThrough?: number;
  /** The policy changed. */
  policyChanged?: boolean;
  /** Failed ranges were put back. */
  retryFailed?: boolean;
  /** Nobody knows how long the messages have waited (the sweep found them): the record is asked at once. */
  late?: boolean;
  /** An import's: a run that has to be started for it alone gives way to live ones. */
  imported?: boolean;
}

/** Several announcements of one conversation, told as one. */
export interface Merged {
  throughSeq: number;
  flushThrough: number;
  policyChanged: boolean;
  retryFailed: boolean;
  /** Up to here it is of somebody who has just said it or waits for it, neither an import's nor the sweep's. */
  liveThrough: number;
  /** When the oldest was announced; null when nobody knows. */
  storedAtMs: number | null;
  imported: boolean;
}

export function asMerged(announcement: Announcement): Merged {
  return {
    throughSeq: announcement.throughSeq,
    flushThrough: announcement.flushThrough ?? 0,
    policyChanged: announcement.policyChanged ?? false,
    retryFailed: announcement.retryFailed ?? false,
    liveThrough: announcement.late ? 0 : Math.max(announcement.throughSeq, announcement.flushThrough ?? 0),
    storedAtMs: announcement.late ? null : Date.now(),
    imported: announcement.imported ?? false,
  };
}

export function merge(older: Merged, newer: Merged): Merged {
  return {
    throughSeq: Math.max(older.throughSeq, newer.throughSeq),
    flushThrough: Math.max(older.flushThrough, newer.flushThrough),
    policyChanged: older.policyChanged || newer.policyChanged,
    retryFailed: older.retryFailed || newer.retryFailed,
    liveThrough: Math.max(older.liveThrough, newer.liveThrough),
    storedAtMs:
      older.storedAtMs === null || newer.storedAtMs === null
        ? null
        : Math.min(older.storedAtMs, newer.storedAtMs),
    imported: older.imported && newer.imported,
  };
}

export function asSignal(saying: Merged): MessagesStored {
  return {
    throughSeq: saying.throughSeq,
    ...(saying.flushThrough > 0 ? { flushThrough: saying.flushThrough } : {}),
    ...(saying.storedAtMs === null ? {} : { storedAtMs: saying.storedAtMs }),
    ...(saying.liveThrough > 0 ? { liveThrough: saying.liveThrough } : {}),
  };
}
