import type { ConversationRef } from '../src/domain/message';

/** What the workflow of a conversation's extraction is started with. */
export interface ExtractionInput {
  ref: ConversationRef;
}

export const EXTRACTION_WORKFLOW = 'extractFacts';
/** There are windows to read. No arguments. */
export const WINDOWS_DUE_SIGNAL = 'windowsDue';

/** A range of messages that is read in one call. */
export interface WindowRange {
  firstSeq: number;
  lastSeq: number;
}

export interface ExtractionActivities {
  /** The next window to be read now; null: none. */
  nextWindow(input: ExtractionInput): Promise<WindowRange | null>;
  /** Asks the language model about a window, and keeps what it says. @returns the next window */
  extractWindow(input: ExtractionInput & WindowRange): Promise<WindowRange | null>;
  /** Leaves a window without the model, to be tried again later. @returns the next window */
  degradeWindow(input: ExtractionInput & WindowRange): Promise<WindowRange | null>;
}
