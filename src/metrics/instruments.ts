import { Counter, Histogram, type Registry } from 'prom-client';

export const PREFIX = 'agentic_memories_';

const SECONDS_OF_A_CALL = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SECONDS_OF_WORK = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** What is counted and timed as it happens. Labels are names of ours, never ids or words of people. */
export interface Instruments {
  httpSeconds: Histogram<'method' | 'route' | 'status'>;
  accepted: Counter<'via'>;
  duplicates: Counter<'via'>;
  injections: Counter;
  degraded: Counter<'part'>;
  embedderSeconds: Histogram<'purpose' | 'outcome'>;
  embedderTexts: Counter<'purpose'>;
  embedderCharacters: Counter<'purpose'>;
  indexSeconds: Histogram<'operation' | 'outcome'>;
  modelSeconds: Histogram<'outcome'>;
  modelTokens: Counter<'direction'>;
  activitySeconds: Histogram<'activity' | 'outcome'>;
  activityRetries: Counter<'activity'>;
  scheduleToStartSeconds: Histogram<'activity'>;
}

/** Makes every instrument, so that a process shows all of them from its start. */
export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    buckets = SECONDS_OF_A_CALL,
  ): Histogram<L> => new Histogram({ name: `${PREFIX}${name}`, help, labelNames, buckets, registers });
  return {
    httpSeconds: histogram('http_request_seconds', 'Answering a request, by route and status', [
      'method',
      'route',
      'status',
    ]),
    accepted: counter('messages_accepted_total', 'Messages committed', ['via']),
    duplicates: counter('messages_duplicate_total', 'Messages that were known already', ['via']),
    injections: counter('injections_total', 'Memories put beside messages', []),
    degraded: counter('degraded_answers_total', 'Messages and narratives answered while a part was down', [
      'part',
    ]),
    embedderSeconds: histogram('embedder_seconds', 'Calls of the embedder', ['purpose', 'outcome']),
    embedderTexts: counter('embedder_texts_total', 'Texts embedded', ['purpose']),
    embedderCharacters: counter('embedder_characters_total', 'Characters embedded', ['purpose']),
    indexSeconds: histogram('index_seconds', 'Calls of the index', ['operation', 'outcome']),
    modelSeconds: histogram(
      'language_model_seconds',
      'Calls of the language model',
      ['outcome'],
      SECONDS_OF_WORK,
    ),
    modelTokens: counter('language_model_tokens_total', 'Tokens the language model read and wrote', [
      'direction',
    ]),
    activitySeconds: histogram(
      'activity_seconds',
      'Work on batches and other activities',
      ['activity', 'outcome'],
      SECONDS_OF_WORK,
    ),
    activityRetries: counter('activity_retries_total', 'Attempts after the first', ['activity']),
    scheduleToStartSeconds: histogram(
      'activity_schedule_to_start_seconds',
      'How long work waited for a worker',
      ['activity'],
      SECONDS_OF_WORK,
    ),
  };
}
