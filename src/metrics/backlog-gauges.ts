import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './instruments';

/** Scrapes closer to one another are answered with the same figures. */
const KEPT_MS = 5_000;
/** Prometheus gives up after ten seconds; so long nobody waits for a record that is away. */
const DEADLINE_MS = 2_000;

/** What the record says of what waits (record/backlog). */
export interface BacklogFigures {
  messages: Record<string, number>;
  oldestSeconds: Record<string, number>;
  failedMessages: number;
  workerSeenSeconds: number | null;
}

/** Gauges that are read when somebody looks, at most every few seconds. */
export function addBacklogGauges(registry: Registry, read: () => Promise<BacklogFigures>): void {
  let lastMs = -Infinity;
  let reading: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    try {
      show(await beforeDeadline(read()));
      up.set(1);
    } catch {
      up.set(0);
    }
    lastMs = performance.now();
    reading = null;
  };
  // Each of them waits for it: they are collected side by side, and one that did not would show what was read before.
  const collect = async (): Promise<void> => {
    if (performance.now() - lastMs >= KEPT_MS) await (reading ??= refresh());
  };
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry], collect });
  const pending = gauge('pending_messages', 'Messages neither indexed nor failed, by what they wait for', [
    'phase',
  ]);
  const oldest = gauge(
    'oldest_pending_age_seconds',
    'Age of the oldest pending message, by what it waits for',
    ['phase'],
  );
  const failed = gauge('failed_messages', 'Messages that were refused for good and can be retried', []);
  const seen = gauge(
    'worker_seen_age_seconds',
    'Since a worker was last alive; absent when none ever was',
    [],
  );
  const up = gauge(
    'record_up',
    '1 when the record could be read for these figures; else those of the backlog are old',
    [],
  );
  const show = (figures: BacklogFigures): void => {
    pending.reset();
    oldest.reset();
    seen.remove();
    for (const [phase, value] of Object.entries(figures.messages)) pending.set({ phase }, value);
    for (const [phase, value] of Object.entries(figures.oldestSeconds)) oldest.set({ phase }, value);
    failed.set(figures.failedMessages);
    if (figures.workerSeenSeconds !== null) seen.set(figures.workerSeenSeconds);
  };
}

async function beforeDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
