import { sha256Hex } from '../src/domain/ids';
import { commonTags, type StoredSentence, type Summary } from '../src/domain/summary';
import { episodeBudgetWords } from '../src/domain/summary-budget';
import { wordCount } from '../src/domain/words';
import type { SummaryTurn } from '../src/models/summarizer';
import { markEpisodeFresh, type Episode } from '../src/record/episodes';
import { episodeMaterial, type EpisodeMemory } from '../src/record/episode-material';
import { transaction } from '../src/record/pool';
import { deleteSummaries, saveSummary } from '../src/record/summaries';
import { markTiersPending } from '../src/record/tier-marks';
import type { ActivityDependencies } from './dependencies';

/**
 * Makes an episode's summary as new as the episode. Done again, or half and then again, it leaves the same: what it is
 * made from decides what is written, and an older one never passes for newer.
 */
export async function summarizeEpisode(
  { pool, summarizer, extraction }: Pick<ActivityDependencies, 'pool' | 'summarizer' | 'extraction'>,
  episode: Episode,
  signal?: AbortSignal,
): Promise<void> {
  const { ref } = episode;
  const memories = await episodeMaterial(pool, ref, episode.firstSeq, episode.lastSeq);
  const summary = memories.length === 0 ? null : await summaryOf(summarizer, episode, memories, signal);
  await transaction(pool, async (client) => {
    // First, since whoever makes it stale locks it first.
    await markEpisodeFresh(client, episode);
    // Of what has ended a language model tells, if there is one: behind this, and together with others.
    const degraded = !episode.open && extraction !== null;
    if (summary)
      await saveSummary(client, ref, { ...summary, degraded }, extraction?.policy.summariesAfterMs ?? 0);
    else await deleteSummaries(client, ref, [episode.summaryId]);
    if (!episode.open) await markTiersPending(client, ref);
  });
}

async function summaryOf(
  summarizer: ActivityDependencies['summarizer'],
  episode: Episode,
  memories: readonly EpisodeMemory[],
  signal: AbortSignal | undefined,
): Promise<Omit<Summary, 'version' | 'createdAt'>> {
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
