import { speaksForItself, type RecalledMemory, type TurnMatch } from '../domain/memory';
import type { StoredSentence } from '../domain/summary';
import type { Summarizer } from '../models/summarizer';
import type { ReadSummary } from './read-summaries';
import { termsOf } from './terms';

/** What is this relevant answers: `min_similarity` by default. */
const ANSWERS_FROM = 0.55;
const MAX_MEMORIES = 5;
const MAX_TURNS = 2;
const WORDS_A_MEMORY = 60;
const MOST = 0.5;

/**
 * Episodes with what answers the question best and their summaries have left out, told as those tell it. A question
 * that was asked before answers nothing.
 * @param memories what the question has found, best first
 */
export async function withAnswers(
  summarizer: Summarizer,
  episodes: readonly ReadSummary[],
  memories: readonly RecalledMemory[],
): Promise<ReadSummary[]> {
  const added = new Map<string, StoredSentence[]>();
  for (const memory of memories.filter((one) => one.relevance >= ANSWERS_FROM).slice(0, MAX_MEMORIES)) {
    const episode = episodes.find((one) => one.sourceIds.includes(memory.id));
    if (!episode) continue;
    const told = episode.sentences.filter((sentence) => sentence.sourceIds.includes(memory.id));
    const turns = answeringTurns(memory).filter(
      (turn) => !told.some(({ text }) => tells(text, turn.content)),
    );
    if (turns.length === 0) continue;
    const { sentences } = await summarizer.episode(turns, { budgetWords: WORDS_A_MEMORY });
    const persona = memory.personaTags[0] ?? null;
    const more = sentences.map((sentence): StoredSentence => ({ ...sentence, persona }));
    added.set(episode.id, [...(added.get(episode.id) ?? []), ...more]);
  }
  return episodes.map((episode) => {
    const more = added.get(episode.id);
    return more ? { ...episode, sentences: [...episode.sentences, ...more] } : episode;
  });
}

/** Whether a sentence says most of what was said, or what was said most of it: a summary tells a turn in clauses. */
function tells(sentence: string, said: string): boolean {
  const [inSentence, inSaid] = [new Set(termsOf(sentence)), new Set(termsOf(said))];
  const shared = [...inSaid].filter((term) => inSentence.has(term)).length;
  return shared >= Math.min(inSentence.size, inSaid.size) * MOST;
}

function answeringTurns(memory: RecalledMemory): Parameters<Summarizer['episode']>[0][number][] {
  if (speaksForItself(memory)) return [];
  return memory.matches
    .filter(({ score, content }: TurnMatch) => score >= ANSWERS_FROM && !content.trim().endsWith('?'))
    .slice(0, MAX_TURNS)
    .map(({ role, name, content, timestamp }) => ({
      memoryId: memory.id,
      role,
      name,
      content,
      saidAt: timestamp,
    }));
}
