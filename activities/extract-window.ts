import { log } from '@temporalio/activity';
import { UnavailableError } from '../src/domain/errors';
import {
  EXTRACTION_SYSTEM,
  MAX_KNOWN_SHOWN,
  acceptExtraction,
  extractionPrompt,
  type KnownFact,
} from '../src/domain/extraction';
import { sha256Hex, tenantName } from '../src/domain/ids';
import type { ConversationRef, Turn } from '../src/domain/message';
import {
  acceptPersonas,
  unsureLine,
  unsureMemories,
  type ProposedPersonas,
  type UnsureMemory,
} from '../src/domain/unsure-personas';
import {
  extractionSchema,
  extractionWithPersonasSchema,
  type Extraction,
} from '../src/models/extraction-schema';
import { meanOfInt8 } from '../src/models/quantize';
import { keepIndex } from '../src/recall/keep-index';
import { queryTermsOf, termsOf } from '../src/recall/terms';
import { newestFacts, saveExtractedFacts } from '../src/record/extracted-facts';
import { degradeWindow, nextExtractionWindow } from '../src/record/extraction-windows';
import { getMemories } from '../src/record/memories';
import { readTurns } from '../src/record/messages';
import { readModelResult, saveModelResult } from '../src/record/model-results';
import { unfitMemories } from '../src/record/raw-memories';
import { taggedMemories } from '../src/record/told-personas';
import { readTurnVectors } from '../src/record/turn-vectors';
import { TELL_LATER_MS } from '../src/temporal/tiers-signals';
import type { ExtractionActivities, WindowRange } from '../workflows/extraction.contract';
import { askWithinBudget, callsRenewedAt } from './ask-within-budget';
import type { ActivityDependencies, ExtractionDependencies } from './dependencies';
import { endRunOfErased } from './end-run-of-erased';
import { whileBeating } from './while-beating';

const MAX_OUTPUT_TOKENS = 4_000;
const BUDGET_SPENT = 'the user’s calls of this day are spent';
const MODEL_FAILED = 'the language model failed';

/** What was asked and what was said, as it is kept until it is used. */
interface KeptAnswer {
  seqs: number[];
  known: KnownFact[];
  extraction: Extraction & { personas?: ProposedPersonas[] };
  /** Whose personas were asked for; not in what an earlier release has kept. */
  unsure?: UnsureMemory[];
}

type Window = { ref: ConversationRef } & WindowRange;

/** See workflows/extraction.contract. */
export function createExtraction(dependencies: ActivityDependencies): ExtractionActivities {
  const { pool } = dependencies;
  // Without a model there is nothing to read with: windows wait for one.
  const next = async (ref: ConversationRef): Promise<WindowRange | null> =>
    dependencies.extraction === null ? null : nextExtractionWindow(pool, ref);

  return {
    nextWindow: async ({ ref }) => ((await endRunOfErased(dependencies, ref)) ? null : next(ref)),

    async extractWindow(window) {
      const { extraction } = dependencies;
      if (extraction === null) return null;
      await whileBeating(async () => {
        const answer = await answerFor(dependencies, extraction, window);
        if (answer === 'budget spent')
          await degradeWindow(pool, window.ref, window.firstSeq, BUDGET_SPENT, callsRenewedAt());
        else await keep(dependencies, extraction, window, answer);
      });
      return next(window.ref);
    },

    async degradeWindow({ ref, firstSeq }) {
      const againAt = new Date(Date.now() + (dependencies.extraction?.policy.retryDegradedMs ?? 0));
      await degradeWindow(pool, ref, firstSeq, MODEL_FAILED, againAt);
      return next(ref);
    },
  };
}

/** What the model says of a window: what it said before, if that was not used yet. */
async function answerFor(
  dependencies: ActivityDependencies,
  asked: ExtractionDependencies,
  { ref, firstSeq, lastSeq }: Window,
): Promise<KeptAnswer | 'budget spent'> {
  const { pool } = dependencies;
  const key = resultKey({ ref, firstSeq, lastSeq });
  const kept = (await readModelResult(pool, ref, key)) as KeptAnswer | null;
  if (kept) return kept;
  const { turns: gone } = await unfitMemories(pool, ref, firstSeq, lastSeq);
  const turns = (await readTurns(pool, ref, firstSeq, lastSeq)).filter(
    (turn) => !gone.has(turn.seq) && turn.role !== 'tool',
  );
  const known = await knownFacts(dependencies, ref, turns);
  if (turns.length === 0) return { seqs: [], known, extraction: { facts: [] } };
  const unsure = unsureMemories(await taggedMemories(pool, ref, firstSeq, lastSeq), turns);
  const extraction = await askWithinBudget<KeptAnswer['extraction']>(pool, ref, asked, {
    system: EXTRACTION_SYSTEM,
    prompt: extractionPrompt(turns, known, unsureLine(unsure, dependencies.personas.personas)),
    schema: unsure.length > 0 ? extractionWithPersonasSchema : extractionSchema,
    schemaName: 'facts',
    maxOutputTokens: MAX_OUTPUT_TOKENS,
  });
  if (extraction === null) return 'budget spent';
  const answer: KeptAnswer = { seqs: turns.map((turn) => turn.seq), known, extraction, unsure };
  await saveModelResult(pool, ref, key, asked.model.name, answer);
  return answer;
}

async function keep(
  dependencies: ActivityDependencies,
  { model }: ExtractionDependencies,
  window: Window,
  answer: KeptAnswer,
): Promise<void> {
  const { ref, firstSeq, lastSeq } = window;
  const wanted = new Set(answer.seqs);
  const turns = (await readTurns(dependencies.pool, ref, firstSeq, lastSeq)).filter((turn) =>
    wanted.has(turn.seq),
  );
  const { facts, duplicates } = acceptExtraction(answer.extraction.facts, turns, answer.known, termsOf);
  const { personas } = dependencies.personas;
  const { reindexed, tiersBehind } = await saveExtractedFacts(dependencies.pool, window, {
    facts,
    personas: acceptPersonas(answer.extraction.personas ?? [], answer.unsure ?? [], personas),
    existingChecked: answer.known.length,
    duplicatesAvoided: duplicates,
    resultKey: resultKey(window),
    model: model.name,
  });
  if (tiersBehind) dependencies.tiersTeller.tell(ref, TELL_LATER_MS);
  try {
    if (reindexed.length > 0) await keepIndex(dependencies, ref, reindexed);
  } catch (thrown) {
    if (!(thrown instanceof UnavailableError)) throw thrown;
    log.warn('the index is behind after an extraction; the sweep will see to it', { error: thrown });
  }
}

/** The facts that are nearest to what the window says. */
async function knownFacts(
  { pool, index, embedder }: ActivityDependencies,
  ref: ConversationRef,
  turns: readonly Turn[],
): Promise<KnownFact[]> {
  const ids = await newestFacts(pool, ref);
  if (ids.length === 0 || turns.length === 0) return [];
  const vectors = embedder
    ? await readTurnVectors(pool, ref, embedder.name, turns[0]!.seq, turns.at(-1)!.seq)
    : new Map<number, Buffer>();
  const text = turns.map((turn) => turn.content).join('\n');
  const hits = await index.search(tenantName(ref.namespace, ref.userId), {
    terms: queryTermsOf(
      text,
      turns.map((turn) => turn.name),
    ).join(' '),
    vector: vectors.size > 0 ? meanOfInt8([...vectors.values()]) : null,
    limit: MAX_KNOWN_SHOWN,
    ids,
  });
  const found = await getMemories(
    pool,
    ref,
    hits.map((hit) => hit.id),
  );
  const byId = new Map(found.map((memory) => [memory.id, memory]));
  return hits.flatMap(({ id }) => {
    const memory = byId.get(id);
    return memory ? [{ id, content: memory.content }] : [];
  });
}

function resultKey({ ref, firstSeq, lastSeq }: Window): string {
  return `extract:${sha256Hex(JSON.stringify(ref.conversationId))}:${firstSeq}-${lastSeq}`;
}
