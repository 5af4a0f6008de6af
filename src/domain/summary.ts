/** One statement of a summary as the record keeps it. */
export interface StoredSentence {
  text: string;
  /** Raw memories it says something of. */
  sourceIds: string[];
  saidAt: Date;
  /** Of what it was made from. */
  persona: string | null;
}

export type SummaryTier = 'episodic' | 'arc';

/** A summary as the record keeps it. */
export interface Summary {
  id: string;
  tier: SummaryTier;
  version: number;
  persona: string | null;
  personaTags: string[];
  conversationId: string | null;
  firstSeq: number | null;
  lastSeq: number | null;
  frame: string | null;
  sentences: StoredSentence[];
  /** Of an episode: its raw memories; of an arc: its episodes' summaries. */
  sourceIds: string[];
  people: string[];
  importance: number;
  confidence: number;
  method: string;
  degraded: boolean;
  /** Hash of what it was made from. */
  basis: string;
  from: Date;
  to: Date;
  createdAt: Date;
}

/**
 * The order in which an episode's sentences were said: by time, and of what one request stored without times, by the
 * memories it is in.
 */
export function inOrderOfTime({
  sourceIds,
}: Pick<Summary, 'sourceIds'>): (a: StoredSentence, b: StoredSentence) => number {
  const place = ({ sourceIds: [first] }: StoredSentence): number => sourceIds.indexOf(first ?? '');
  return (a, b) => a.saidAt.getTime() - b.saidAt.getTime() || place(a) - place(b);
}

/** Sentences of one persona that an episode gives to the user's arc, at most. */
const DIGEST_SENTENCES = 3;

/** What an episode adds to a persona's long line: what says most of it first. */
export function digestOf(summary: Pick<Summary, 'sentences'>, persona: string): StoredSentence[] {
  return summary.sentences.filter((sentence) => sentence.persona === persona).slice(0, DIGEST_SENTENCES);
}

/** A summary's text, its frame first. */
export function summaryText(summary: Pick<Summary, 'frame' | 'sentences'>): string {
  return [summary.frame, ...summary.sentences.map((sentence) => sentence.text)]
    .filter((text) => text !== null && text !== '')
    .join(' ');
}

/** Tags in the order of how many memories have them; ties by name. */
export function commonTags(tags: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const tag of tags.flat()) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([tag]) => tag);
}
