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
  const registers = [registry];
  const pending = new Gauge({
    name: `${PREFIX}pending_messages`,
    help: 'Messages neither indexed nor failed, by what they wait for',
    labelNames: ['phase'],
    registers,
  });
  const oldest = new Gauge({
    name: `${PREFIX}oldest_pending_age_seconds`,
    help: 'Age of the oldest pending message, by what it waits for',
    labelNames: ['phase'],
    registers,
  });
  const failed = new Gauge({
    name: `${PREFIX}failed_messages`,
    help: 'Messages that were refused for good and can be retried',
    registers,
  });
  const seen = new Gauge({
    name: `${PREFIX}worker_seen_age_seconds`,
    help: 'Since a worker was last alive; absent when none ever was',
    registers,
  });
  let lastMs = -Infinity;
  let reading: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    const figures = await beforeDeadline(read());
    pending.reset();
    oldest.reset();
    seen.remove();
    for (const [phase, value] of Object.entries(figures.messages)) pending.set({ phase }, value);
    for (const [phase, value] of Object.entries(figures.oldestSeconds)) oldest.set({ phase }, value);
    failed.set(figures.failedMessages);
    if (figures.workerSeenSeconds !== null) seen.set(figures.workerSeenSeconds);
  };
  new Gauge({
    name: `${PREFIX}record_up`,
    help: '1 when the record could be read for these figures; else those of the backlog are old',
    registers,
    async collect() {
      if (performance.now() - lastMs < KEPT_MS) return;
      reading ??= refresh()
        .then(
          () => this.set(1),
          () => this.set(0),
        )
        .finally(() => {
          lastMs = performance.now();
          reading = null;
        });
      await reading;
    },
  });
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
