import { spokenDay } from './spoken-dates';
import { digestOf, inOrderOfTime, type StoredSentence, type Summary } from './summary';

/** An arc tells of a user's latest episodes, up to this many. */
export const ARC_EPISODES = 1_000;

/** What episodes say of a persona, in the order of its time, each sentence with its day. */
export function arcDigest(
  episodes: readonly Pick<Summary, 'sentences' | 'sourceIds'>[],
  persona: string,
): StoredSentence[] {
  return episodes
    .flatMap((episode) => digestOf(episode, persona).sort(inOrderOfTime(episode)))
    .sort((a, b) => a.saidAt.getTime() - b.saidAt.getTime())
    .map((sentence) => ({ ...sentence, text: `${spokenDay(sentence.saidAt)}: ${sentence.text}` }));
}

/** A long line's own fields, once it is known what it says: it belongs to a persona, and to no conversation. */
export function arcLine<S extends Pick<StoredSentence, 'text' | 'saidAt'>>(
  persona: string,
  frame: string | null,
  sentences: readonly S[],
) {
  return {
    tier: 'arc' as const,
    persona,
    personaTags: [persona],
    conversationId: null,
    firstSeq: null,
    lastSeq: null,
    frame,
    sentences: withoutRepeatedDays(frame, sentences),
  };
}

/** The day is said once: in the frame, where it says one alone, or before the first sentence of it. */
export function withoutRepeatedDays<S extends Pick<StoredSentence, 'text' | 'saidAt'>>(
  frame: string | null,
  sentences: readonly S[],
): S[] {
  return sentences.map((sentence, i) => {
    const before = sentences[i - 1];
    const day = spokenDay(sentence.saidAt);
    const isSaid = before === undefined ? frame === `On ${day}:` : spokenDay(before.saidAt) === day;
    const prefix = `${day}: `;
    return isSaid && sentence.text.startsWith(prefix)
      ? { ...sentence, text: sentence.text.slice(prefix.length) }
      : sentence;
  });
}
