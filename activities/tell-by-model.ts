import { ARC_EPISODES, arcDigest } from '../src/domain/arc-digest';
import { sha256Hex } from '../src/domain/ids';
import { speakerOf, type ConversationRef } from '../src/domain/message';
import { TOLD_METHOD } from '../src/domain/standing-arc';
import type { StoredSentence, Summary } from '../src/domain/summary';
import { ARC_SUMMARY_MAX_WORDS, episodeBudgetWords } from '../src/domain/summary-budget';
import {
  ARCS_SHOWN_WORDS,
  TELLING_SYSTEM,
  acceptTelling,
  arcsToTell,
  episodesToTell,
  tellingPrompt,
  type Telling,
  type TellingPart,
} from '../src/domain/telling';
import { wordCount } from '../src/domain/words';
import { heardTurns } from '../src/models/summarizer';
import { tellingSchema } from '../src/models/telling-schema';
import { termsOf } from '../src/recall/terms';
import { episodeMaterial } from '../src/record/episode-material';
import { forgetModelResults, readModelResult, saveModelResult } from '../src/record/model-results';
import { transaction } from '../src/record/pool';
import { summariesById, summariesOfClosedEpisodes } from '../src/record/summaries';
import {
  arcsWaiting,
  episodesWaiting,
  noteNothingTold,
  postponeTellings,
  renewArc,
  tellSummary,
  type ArcSources,
} from '../src/record/tellings';
import { markTiersPending } from '../src/record/tier-marks';
import type { TiersActivities, TiersInput } from '../workflows/tiers.contract';
import { arcSources, episodesOf } from './arc-of';
import { askWithinBudget, callsRenewedAt } from './ask-within-budget';
import type { ActivityDependencies, ExtractionDependencies } from './dependencies';
import { turnsOf } from './summarize-episodes';
import { whileBeating } from './while-beating';

const MAX_OUTPUT_TOKENS = 6_000;

/** A part, and what is known of its sources. */
interface Part extends TellingPart {
  summary: Summary;
  personas: ReadonlyMap<string, string | null>;
  /** How much it was made from: sentences that rest on all of it are trusted most. */
  sources: number;
  /** Of a long line: what it is told from. */
  arc?: ArcSources;
}

/** What was told, checked, as it is kept until it is used. */
type KeptTelling = {
  id: string;
  sentences: (Omit<StoredSentence, 'saidAt'> & { saidAt: string })[];
  confidence: number;
  /** Not in what an earlier release has kept. */
  arc?: Omit<ArcSources, 'from' | 'to'> & { from: string; to: string };
}[];

/** What of a user's summaries a language model is to tell now: episodes, then long lines; null: nothing. */
export async function nextTelling(
  { pool, extraction }: Pick<ActivityDependencies, 'pool' | 'extraction'>,
  owner: TiersInput,
): Promise<Telling | null> {
  if (extraction === null) return null;
  const bare = ({ id, version }: { id: string; version: number }) => ({ id, version });
  const episodes = episodesToTell(await episodesWaiting(pool, owner));
  if (episodes.length > 0) return { tier: 'episodic', summaries: episodes.map(bare) };
  const { waiting, untoldMessages } = await arcsWaiting(pool, owner);
  const arcs = arcsToTell(waiting, untoldMessages);
  return arcs.length > 0 ? { tier: 'arc', summaries: arcs.map(bare) } : null;
}

/** See workflows/tiers.contract. */
export function createTellByModel(
  dependencies: ActivityDependencies,
): Pick<TiersActivities, 'tellByModel' | 'leaveTelling'> {
  const { pool } = dependencies;
  return {
    async tellByModel({ telling, ...owner }) {
      const { extraction } = dependencies;
      if (extraction === null) return;
      await whileBeating(async () => {
        const told = await toldOf(dependencies, extraction, owner, telling);
        if (told === 'budget spent') await postponeTellings(pool, owner, null, callsRenewedAt());
        else await keep(dependencies, extraction, owner, telling, told);
      });
    },

    async leaveTelling({ telling, ...owner }) {
      const ids = telling.summaries.map((one) => one.id);
      const againAt = new Date(Date.now() + (dependencies.extraction?.policy.retryDegradedMs ?? 0));
      await postponeTellings(pool, owner, ids, againAt);
    },
  };
}

/** What the model tells, checked against its sources; what it told before, if that was not used yet. */
async function toldOf(
  dependencies: ActivityDependencies,
  asked: ExtractionDependencies,
  owner: TiersInput,
  telling: Telling,
): Promise<KeptTelling | 'budget spent'> {
  const { pool } = dependencies;
  const key = resultKey(telling);
  const kept = (await readModelResult(pool, owner, key)) as KeptTelling | null;
  if (kept) return kept;
  const parts = await partsOf(dependencies, owner, telling);
  if (parts.length === 0) return [];
  const answer = await askWithinBudget(pool, owner, asked, {
    system: TELLING_SYSTEM,
    prompt: tellingPrompt(parts),
    schema: tellingSchema,
    schemaName: 'summaries',
    maxOutputTokens: MAX_OUTPUT_TOKENS,
  });
  if (answer === null) return 'budget spent';
  const told = acceptTelling(answer, parts, termsOf).map((sentences, i) => {
    const { summary, personas, sources, arc } = parts[i]!;
    const cited = new Set(sentences.flatMap((sentence) => sentence.sourceIds));
    return {
      id: summary.id,
      confidence: cited.size / sources,
      ...(arc ? { arc: { ...arc, from: arc.from.toISOString(), to: arc.to.toISOString() } } : {}),
      sentences: sentences.map((sentence) => ({
        ...sentence,
        saidAt: sentence.saidAt.toISOString(),
        persona: personas.get(sentence.sourceIds[0] ?? '') ?? null,
      })),
    };
  });
  await saveModelResult(pool, owner, key, asked.model.name, told);
  return told;
}

/** Uses what was told, and forgets it, at once. Summaries that were made again meanwhile stay as they are. */
async function keep(
  { pool }: ActivityDependencies,
  { model, policy }: ExtractionDependencies,
  owner: TiersInput,
  telling: Telling,
  told: KeptTelling,
): Promise<void> {
  const byId = new Map(told.map((one) => [one.id, one]));
  await transaction(pool, async (client) => {
    let changed = false;
    // In one order, as whoever else locks them.
    for (const { id, version } of [...telling.summaries].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      const one = byId.get(id);
      if (!one || one.sentences.length === 0) {
        await noteNothingTold(client, owner, { id, version }, policy.retryDegradedMs);
        continue;
      }
      const told = {
        id,
        version,
        sentences: one.sentences.map((sentence) => ({ ...sentence, saidAt: new Date(sentence.saidAt) })),
        confidence: one.confidence,
        method: `${TOLD_METHOD}1:${model.name}`,
      };
      const { arc } = one;
      if (arc) {
        const sources = { ...arc, from: new Date(arc.from), to: new Date(arc.to) };
        await renewArc(client, owner, { id, version }, sources);
      }
      changed = (await tellSummary(client, owner, told)) || changed;
    }
    // Long lines are made of what episodes say.
    if (changed && telling.tier === 'episodic') await markTiersPending(client, owner);
    await forgetModelResults(client, owner, resultKey(telling));
  });
}

async function partsOf(
  dependencies: ActivityDependencies,
  owner: TiersInput,
  telling: Telling,
): Promise<Part[]> {
  const versions = new Map(telling.summaries.map((one) => [one.id, one.version]));
  const found = await summariesById(dependencies.pool, owner, [...versions.keys()]);
  const summaries = found
    .filter((summary) => summary.degraded && summary.version === versions.get(summary.id))
    .sort((a, b) => a.from.getTime() - b.from.getTime() || (a.id < b.id ? -1 : 1));
  return telling.tier === 'arc'
    ? arcParts(dependencies, owner, summaries)
    : (await Promise.all(summaries.map((summary) => episodePart(dependencies, owner, summary)))).flat();
}

async function episodePart(
  { pool }: ActivityDependencies,
  owner: TiersInput,
  summary: Summary,
): Promise<Part[]> {
  const { conversationId, firstSeq, lastSeq } = summary;
  if (conversationId === null || firstSeq === null || lastSeq === null) return [];
  const ref: ConversationRef = { namespace: owner.namespace, userId: owner.userId, conversationId };
  const memories = (await episodeMaterial(pool, ref, [{ firstSeq, lastSeq }])).get(firstSeq) ?? [];
  const turns = heardTurns(memories.flatMap(turnsOf));
  if (turns.length === 0) return [];
  const words = turns.reduce((sum, turn) => sum + wordCount(turn.content), 0);
  return [
    {
      summary,
      title: 'a talk',
      items: turns.map((turn) => ({
        text: turn.content,
        who: speakerOf(turn),
        saidAt: turn.saidAt,
        sourceIds: [turn.memoryId],
      })),
      budgetWords: episodeBudgetWords(words) - wordCount(summary.frame ?? ''),
      personas: new Map(memories.map((memory) => [memory.id, memory.personaTags[0] ?? null])),
      sources: memories.length,
    },
  ];
}

/** What is shown of a long line is chosen as its summary would be, with more room. */
async function arcParts(
  { pool, summarizer }: ActivityDependencies,
  owner: TiersInput,
  summaries: readonly Summary[],
): Promise<Part[]> {
  if (summaries.length === 0) return [];
  const episodes = await summariesOfClosedEpisodes(pool, owner, ARC_EPISODES);
  const shownWords = Math.floor(ARCS_SHOWN_WORDS / summaries.length);
  const parts = await Promise.all(
    summaries.map(async (summary): Promise<Part[]> => {
      const persona = summary.persona ?? '';
      const ofPersona = episodesOf(episodes, persona);
      if (ofPersona.length === 0) return [];
      const { frame, sentences } = await summarizer.arc(arcDigest(ofPersona, persona), {
        persona,
        budgetWords: Math.max(ARC_SUMMARY_MAX_WORDS, shownWords),
      });
      if (sentences.length === 0) return [];
      const ids = new Set(sentences.flatMap((sentence) => sentence.sourceIds));
      return [
        {
          summary,
          title: `the long line of ${persona}`,
          items: sentences.map((sentence) => ({ ...sentence, who: null })),
          budgetWords: ARC_SUMMARY_MAX_WORDS - wordCount(frame ?? ''),
          personas: new Map([...ids].map((id) => [id, persona])),
          sources: ids.size,
          arc: { frame, ...arcSources(summarizer.name, persona, ofPersona) },
        },
      ];
    }),
  );
  return parts.flat();
}

function resultKey(telling: Telling): string {
  return `tell:${sha256Hex(JSON.stringify(telling.summaries.map((one) => [one.id, one.version])))}`;
}
