import { spokenDay } from '../src/domain/spoken-dates';
import { digestOf, type Summary } from '../src/domain/summary';
import type { SummarySentence } from '../src/models/summarizer';

/** An arc tells of a user's latest episodes, up to this many. */
export const ARC_EPISODES = 1_000;

/** What episodes say of a persona, in the order of its time, each sentence with its day. */
export function arcDigest(episodes: readonly Summary[], persona: string): SummarySentence[] {
  return episodes
    .flatMap((episode) => digestOf(episode, persona))
    .sort((a, b) => a.saidAt.getTime() - b.saidAt.getTime())
    .map((sentence) => ({ ...sentence, text: `${spokenDay(sentence.saidAt)}: ${sentence.text}` }));
}
