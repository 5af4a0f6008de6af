import { Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { UnavailableError, ensureError, isErasedUser } from '../src/domain/errors';
import type { ConversationRef } from '../src/domain/message';
import { CANCELLED_REASON } from '../src/domain/import';
import { countAttempt, finishBatches, unfinishedBatches, type BatchRow } from '../src/record/batches';
import { nextExtractionWindow, planExtraction } from '../src/record/extraction-windows';
import { noteObstacle } from '../src/record/import-window';
import type {
  ConversationActivities,
  IngestBatchesInput,
  IngestBatchesResult,
  IngestedBatch,
} from '../workflows/conversation.contract';
import type { ActivityDependencies } from './dependencies';
import { endRunOfErased } from './end-run-of-erased';
import { keepEpisodes } from './keep-episodes';
import { indexBatches, type IndexedBatches } from './index-batches';
import { planPending, unknownConversation } from './plan-pending';
import { whileBeating } from './while-beating';

/** One activity's work: enough to gather embeddings, little enough to be redone after a crash. */
const PAGE_MESSAGES = 200;
const PAGE_BATCHES = 200;
/** After this many tries that ended in an error nobody expected, batches are worked on one by one … */
const ALONE_AFTER_ATTEMPTS = 2;
/** … and after this many the one at fault is given up, so that it does not block what is behind it. */
const GIVE_UP_AFTER_ATTEMPTS = 4;
const NO_VECTORS: ReadonlyMap<number, Buffer> = new Map();

/** See workflows/conversation.contract. */
export function createIngestBatches(
  dependencies: ActivityDependencies,
): ConversationActivities['ingestBatches'] {
  return (input) =>
    whileBeating(async () => {
      try {
        return await ingest(dependencies, input);
      } catch (thrown) {
        if (!isErasedUser(thrown)) throw thrown;
        await endRunOfErased(dependencies, input.ref);
        const { state } = unknownConversation(dependencies.defaults.ingestion.flushIntervalMs);
        return { ...state, batches: [], more: false };
      }
    });
}

async function ingest(
  dependencies: ActivityDependencies,
  input: IngestBatchesInput,
): Promise<IngestBatchesResult> {
  const { ref } = input;
  const plan = await planPending(dependencies, input);
  if (plan.unknown) {
    await endRunOfErased(dependencies, ref);
    return { ...plan.state, batches: [], more: false };
  }
  const unfinished = await unfinishedBatches(dependencies.pool, ref, PAGE_BATCHES);
  const page = firstPage(unfinished);
  const done = await workOn(dependencies, ref, page);
  const more = plan.truncated || page.length < unfinished.length || unfinished.length === PAGE_BATCHES;
  const indexedThrough = done.indexedThrough ?? plan.state.indexedThrough;
  const episodes = await keepEpisodes(
    dependencies,
    ref,
    { flush: input.flushThroughSeq > 0, vectors: done.vectors },
    Context.current().cancellationSignal,
  );
  await planReading(dependencies, ref);
  return {
    ...plan.state,
    batches: done.batches,
    indexedThrough,
    more,
    episodeEndsInMs: episodes.endsInMs,
    settled: indexedThrough === plan.appendedThrough && !episodes.moreComes,
  };
}

/** Cuts what is indexed into windows for the language model, whose own workflow reads them. */
async function planReading({ pool, extraction }: ActivityDependencies, ref: ConversationRef): Promise<void> {
  if (extraction === null) return;
  await planExtraction(pool, ref, extraction.policy.tailAfterMs);
  // Not waited for: what is lost on the way, the sweep tells.
  if ((await nextExtractionWindow(pool, ref)) !== null) void extraction.teller.tell(ref);
}

/** The first batches that fit into a page; always at least one. */
export function firstPage(batches: readonly BatchRow[]): BatchRow[] {
  let messages = 0;
  const end = batches.findIndex((batch, place) => {
    messages += batch.lastSeq - batch.firstSeq + 1;
    // Batches far apart (retried ranges) are read in one range: keep that range a page too.
    const span = batch.lastSeq - batches[0]!.firstSeq + 1;
    return place > 0 && (messages > PAGE_MESSAGES || span > PAGE_MESSAGES);
  });
  return end === -1 ? [...batches] : batches.slice(0, end);
}

async function workOn(
  dependencies: ActivityDependencies,
  ref: ConversationRef,
  page: readonly BatchRow[],
): Promise<{
  batches: IngestedBatch[];
  indexedThrough: number | null;
  vectors: ReadonlyMap<number, Buffer>;
}> {
  const portions = page.some((batch) => batch.attempts >= ALONE_AFTER_ATTEMPTS)
    ? page.map((batch) => [batch])
    : [page];
  const batches: IngestedBatch[] = [];
  const vectors = new Map<number, Buffer>();
  let indexedThrough: number | null = null;
  for (const portion of portions) {
    if (portion.length === 0) continue;
    const { outcomes, vectors: own } = await tryPortion(dependencies, ref, portion);
    for (const [seq, vector] of own) vectors.set(seq, vector);
    indexedThrough = await finishBatches(dependencies.pool, ref, outcomes);
    batches.push(
      ...portion.map((batch, place) => ({
        firstSeq: batch.firstSeq,
        lastSeq: batch.lastSeq,
        reason: batch.reason,
        status: outcomes[place]!.failureReason === null ? ('indexed' as const) : ('failed' as const),
      })),
    );
  }
  return { batches, indexedThrough, vectors };
}

async function tryPortion(
  dependencies: ActivityDependencies,
  ref: ConversationRef,
  portion: readonly BatchRow[],
): Promise<IndexedBatches> {
  try {
    return await indexOrCancel(dependencies, ref, portion);
  } catch (thrown) {
    // Something is away: waiting is right, however long it takes, and no batch is to blame.
    if (thrown instanceof UnavailableError) {
      // Best effort: while Postgres is away too, the retry says it.
      await noteObstacle(dependencies.pool, ref, `${thrown.service}: ${thrown.message}`).catch(
        () => undefined,
      );
      throw thrown;
    }
    if (isErasedUser(thrown)) throw thrown;
    const only = portion[0];
    if (portion.length === 1 && only && only.attempts >= GIVE_UP_AFTER_ATTEMPTS) {
      const failureReason = `internal error: ${ensureError(thrown).name}`;
      return { outcomes: [{ firstSeq: only.firstSeq, failureReason }], vectors: NO_VECTORS };
    }
    await noteAttempt(dependencies.pool, ref, portion, thrown);
    throw thrown;
  }
}

/** Indexes batches; those of a cancelled import fail unseen. */
async function indexOrCancel(
  dependencies: ActivityDependencies,
  ref: ConversationRef,
  portion: readonly BatchRow[],
): Promise<IndexedBatches> {
  const wanted = portion.filter((batch) => !batch.cancelled);
  const indexed =
    wanted.length === 0
      ? { outcomes: [], vectors: NO_VECTORS }
      : await indexBatches(dependencies, ref, wanted, Context.current().cancellationSignal);
  const outcomes = new Map(indexed.outcomes.map((outcome) => [outcome.firstSeq, outcome]));
  return {
    outcomes: portion.map(
      ({ firstSeq }) => outcomes.get(firstSeq) ?? { firstSeq, failureReason: CANCELLED_REASON },
    ),
    vectors: indexed.vectors,
  };
}

async function noteAttempt(
  pool: Pool,
  ref: ConversationRef,
  portion: readonly BatchRow[],
  thrown: unknown,
): Promise<void> {
  try {
    await countAttempt(
      pool,
      ref,
      portion.map((batch) => batch.firstSeq),
    );
  } catch (error) {
    throw new AggregateError([thrown, error], 'a batch failed, and so did counting its attempt', {
      cause: error,
    });
  }
}
