import { setImmediate } from 'node:timers/promises';
import { sha256Hex } from '../src/domain/ids';
import { commonTags, type StoredSentence } from '../src/domain/summary';
import { episodeBudgetWords } from '../src/domain/summary-budget';
import { wordCount } from '../src/domain/words';
import type { SummaryTurn } from '../src/models/summarizer';
import type { Episode } from '../src/record/episodes';
import { episodeMaterial, type EpisodeMemory } from '../src/record/episode-material';
import { saveEpisodeSummaries, type MadeSummary } from '../src/record/episode-summaries';
import type { NewSummary } from '../src/record/summaries';
import type { ActivityDependencies } from './dependencies';

/** What is read at once: a long episode, or many short ones. */
const READ_MESSAGES = 1_000;

/**
 * Makes the summaries of episodes as new as the episodes. Done again, or half and then again, it leaves the same: what
 * they are made from decides what is written, and an older one never passes for newer.
 * @param episodes of one user; those of a conversation that stand together are read and written together
 * @throws what making one of them throws; those before it are stored
 */
export async function summarizeEpisodes(
  dependencies: Pick<ActivityDependencies, 'pool' | 'summarizer' | 'extraction'>,
  episodes: readonly Episode[],
  signal?: AbortSignal,
): Promise<void> {
  for (const some of portions(episodes)) await summarizePortion(dependencies, some, signal);
}

/** Episodes of one conversation that are read at once; each has one at least. */
function portions(episodes: readonly Episode[]): Episode[][] {
  const parts: Episode[][] = [];
  let messages = 0;
  for (const episode of episodes) {
    const part = parts.at(-1);
    const own = episode.lastSeq - episode.firstSeq + 1;
    const together = part?.[0]?.ref.conversationId === episode.ref.conversationId;
    if (part && together && messages + own <= READ_MESSAGES) {
      part.push(episode);
      messages += own;
    } else {
      parts.push([episode]);
      messages = own;
    }
  }
  return parts;
}

async function summarizePortion(
  { pool, summarizer, extraction }: Pick<ActivityDependencies, 'pool' | 'summarizer' | 'extraction'>,
  episodes: readonly Episode[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { ref } = episodes[0]!;
  const material = await episodeMaterial(pool, ref, episodes);
  const made: MadeSummary[] = [];
  let failed: { thrown: unknown } | null = null;
  for (const episode of episodes) {
    const memories = material.get(episode.firstSeq);
    try {
      const summary = memories ? await summaryOf(summarizer, episode, memories, signal) : null;
      // Of what has ended a language model tells, if there is one: behind this, and together with others.
      const degraded = !episode.open && extraction !== null;
      made.push({ episode, summary: summary && { ...summary, degraded } });
    } catch (thrown) {
      failed = { thrown };
      break;
    }
    // So that nobody else in this process waits for all of them.
    await setImmediate();
  }
  if (made.length > 0) await saveEpisodeSummaries(pool, ref, made, extraction?.policy.summariesAfterMs ?? 0);
  if (failed) throw failed.thrown;
}

async function summaryOf(
  summarizer: ActivityDependencies['summarizer'],
  episode: Episode,
  memories: readonly EpisodeMemory[],
  signal: AbortSignal | undefined,
): Promise<NewSummary> {
  const turns = memories.flatMap(turnsOf);
  const words = turns.reduce((sum, turn) => sum + wordCount(turn.content), 0);
  const { frame, sentences } = await summarizer.episode(turns, {
    budgetWords: episodeBudgetWords(words),
    ...(signal ? { signal } : {}),
  });
  const personas = new Map(memories.map((memory) => [memory.id, memory.personaTags[0] ?? null]));
  const tags = commonTags(memories.map((memory) => memory.personaTags));
  const times = turns.map((turn) => turn.saidAt.getTime());
  const cited = new Set(sentences.flatMap((sentence) => sentence.sourceIds));
  return {
    id: episode.summaryId,
    tier: 'episodic',
    persona: tags[0] ?? null,
    personaTags: tags,
    conversationId: episode.ref.conversationId,
    firstSeq: episode.firstSeq,
    lastSeq: episode.lastSeq,
    frame,
    sentences: sentences.map((sentence): StoredSentence => ({
      ...sentence,
      persona: personas.get(sentence.sourceIds[0] ?? '') ?? null,
    })),
    sourceIds: memories.map((memory) => memory.id),
    people: [...new Set(turns.flatMap((turn) => turn.name ?? []))],
    importance: Math.max(...memories.map((memory) => memory.importance)),
    confidence: cited.size / memories.length,
    method: summarizer.name,
    degraded: false,
    basis: basisOf(summarizer.name, episode, memories),
    from: new Date(Math.min(...times)),
    to: new Date(Math.max(...times)),
  };
}

/** A memory's turns; one that was set by hand says that alone. */
export function turnsOf(memory: EpisodeMemory): SummaryTurn[] {
  const turns = memory.turns.map((turn) => ({ ...turn, memoryId: memory.id }));
  const first = turns[0];
  return memory.editedContent === null || !first ? turns : [{ ...first, content: memory.editedContent }];
}

function basisOf(method: string, episode: Episode, memories: readonly EpisodeMemory[]): string {
  const sources = memories.map(({ id, editedContent, personaTags, importance }) => [
    id,
    editedContent,
    personaTags,
    importance,
  ]);
  return sha256Hex(JSON.stringify([method, episode.firstSeq, episode.lastSeq, sources]));
}
