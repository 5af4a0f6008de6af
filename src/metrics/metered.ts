import { Context } from '@temporalio/activity';
import type { MemoryIndex } from '../index/memory-index';
import type { Imports } from '../ingest/imports';
import type { Appended, Ingest, Streamed } from '../ingest/ingest';
import type { Embedder } from '../models/embedder';
import type { LanguageModel } from '../models/language-model';
import type { ModelTokens } from '../models/openai-language-model';
import type { Instruments } from './instruments';

const MS_PER_SECOND = 1_000;

/** Times a call and says how it ended: `ok`, or the name of its error. */
async function timed<T>(
  work: () => Promise<T>,
  observe: (seconds: number, outcome: string) => void,
): Promise<T> {
  const started = performance.now();
  const done = (outcome: string): void => observe((performance.now() - started) / MS_PER_SECOND, outcome);
  try {
    const result = await work();
    done('ok');
    return result;
  } catch (thrown) {
    done(thrown instanceof Error ? thrown.name : 'unknown');
    throw thrown;
  }
}

/** The embedder, its calls counted. */
export function meteredEmbedder(embedder: Embedder, instruments: Instruments): Embedder {
  return {
    ...embedder,
    embed: (texts, options) => {
      const { purpose } = options;
      instruments.embedderTexts.inc({ purpose }, texts.length);
      instruments.embedderCharacters.inc(
        { purpose },
        texts.reduce((sum, text) => sum + text.length, 0),
      );
      return timed(
        () => embedder.embed(texts, options),
        (seconds, outcome) => instruments.embedderSeconds.observe({ purpose, outcome }, seconds),
      );
    },
  };
}

/** The language model, its calls counted. */
export function meteredLanguageModel(model: LanguageModel, instruments: Instruments): LanguageModel {
  return {
    ...model,
    answer: (question, signal) =>
      timed(
        () => model.answer(question, signal),
        (seconds, outcome) => instruments.modelSeconds.observe({ outcome }, seconds),
      ),
  };
}

/** Counts tokens as the service tells them. */
export function countTokens(instruments: Instruments): (tokens: ModelTokens) => void {
  return ({ input, output }) => {
    instruments.modelTokens.inc({ direction: 'input' }, input);
    instruments.modelTokens.inc({ direction: 'output' }, output);
  };
}

/** The index, its searches and writes counted. */
export function meteredIndex(index: MemoryIndex, instruments: Instruments): MemoryIndex {
  const observing =
    (operation: string) =>
    (seconds: number, outcome: string): void =>
      instruments.indexSeconds.observe({ operation, outcome }, seconds);
  const searched = observing('search');
  const written = observing('upsert');
  const removed = observing('remove');
  return {
    ...index,
    upsert: (tenant, objects) => timed(() => index.upsert(tenant, objects), written),
    search: (tenant, query) => timed(() => index.search(tenant, query), searched),
    remove: (tenant, ids) => timed(() => index.remove(tenant, ids), removed),
    removeTenant: (tenant) => timed(() => index.removeTenant(tenant), removed),
  };
}

/** Accepting, what it accepted counted. */
export function meteredIngest(ingest: Ingest, instruments: Instruments): Ingest {
  const count = (via: string, { accepted, duplicates }: Appended): void => {
    instruments.accepted.inc({ via }, accepted);
    instruments.duplicates.inc({ via }, duplicates);
  };
  const countTurns = ({ turns }: Streamed): void => {
    for (const turn of turns) {
      // What a duplicate is answered with was counted the first time.
      if (turn.duplicate) continue;
      instruments.injections.inc(turn.injections.length);
      for (const part of turn.degraded) instruments.degraded.inc({ part });
    }
  };
  return {
    ...ingest,
    async append(ref, messages, options) {
      const appended = await ingest.append(ref, messages, options);
      count('append', appended);
      return appended;
    },
    async stream(ref, messages, options) {
      const streamed = await ingest.stream(ref, messages, options);
      count('stream', streamed);
      countTurns(streamed);
      return streamed;
    },
  };
}

/** Imports, what they accepted counted when their body has ended. */
export function meteredImports(imports: Imports, instruments: Instruments): Imports {
  return {
    ...imports,
    async receive(ref, lines, options) {
      const received = await imports.receive(ref, lines, options);
      instruments.accepted.inc({ via: 'import' }, received.view.totals.accepted);
      instruments.duplicates.inc({ via: 'import' }, received.view.totals.duplicates);
      return received;
    },
  };
}

/** Activities with how long they waited, took and how often they were tried again. */
export function meteredActivities<Activities extends object>(
  activities: Activities,
  instruments: Instruments,
): Activities {
  const metered: Record<string, unknown> = {};
  for (const [activity, run] of Object.entries(activities)) {
    metered[activity] = async (...args: unknown[]): Promise<unknown> => {
      const { attempt, currentAttemptScheduledTimestampMs } = Context.current().info;
      const waitedMs = Math.max(0, Date.now() - currentAttemptScheduledTimestampMs);
      instruments.scheduleToStartSeconds.observe({ activity }, waitedMs / MS_PER_SECOND);
      if (attempt > 1) instruments.activityRetries.inc({ activity });
      return timed(
        async () => (run as (...args: unknown[]) => unknown)(...args),
        (seconds, outcome) => instruments.activitySeconds.observe({ activity, outcome }, seconds),
      );
    };
  }
  return metered as Activities;
}
