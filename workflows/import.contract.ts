import type { ImportStatus, ImportTotals } from '../src/domain/import';

/** What an import's workflow is started with. */
export interface ImportInput {
  namespace: string;
  importId: string;
  /** History length at which the run continues as new, if Temporal has not suggested it before. */
  maxEvents?: number;
}

export const IMPORT_WORKFLOW = 'importMessages';
/** Something about the import has changed in the record (its body ended, pause, resume, cancel): look at once. No arguments. */
export const IMPORT_CHANGED_SIGNAL = 'importChanged';
export const IMPORT_PROGRESS_QUERY = 'progress';

/** How an import stands; also what the query `progress` answers, as of the last slice. */
export interface ImportStanding {
  status: ImportStatus;
  /** Nothing of it is left to do. */
  finished: boolean;
  totals: ImportTotals;
  /** Conversations whose workflows have some of it to work on. */
  conversationsInFlight: number;
  ratePerSecond: number | null;
  secondsLeft: number | null;
  /** What indexing waits for, if it does. */
  obstacle: string | null;
}

/** What one slice is to do. */
export interface ImportSlice extends ImportInput {
  /** Something has changed since the slice before: end soon, so that it is shown. */
  briefly?: boolean;
}

export interface ImportActivities {
  /**
   * Drives an import for some seconds: lets held messages go, page by page and some conversations at a time, and tells
   * these conversations' workflows. Ends early when the import is steered or nothing is left.
   */
  advanceImport(input: ImportSlice): Promise<ImportStanding>;
}
