import { createExtractiveSummarizer } from '../models/extractive/extractive-summarizer';
import type { Summarizer } from '../models/summarizer';
import { backgroundShare } from './background/share';
import { termsOf } from './terms';

/** The summarizer that needs no language model; its words are prepared as recall's are. */
export function createDefaultSummarizer(): Summarizer {
  return createExtractiveSummarizer({ termsOf: (text) => termsOf(text), share: backgroundShare });
}
