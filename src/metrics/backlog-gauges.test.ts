import { Registry } from 'prom-client';
import { addBacklogGauges, type BacklogFigures } from './backlog-gauges';

const FIGURES: BacklogFigures = {
  messages: { buffering: 3, indexing: 0 },
  oldestSeconds: { buffering: 7, indexing: 0 },
  failedMessages: 2,
  workerSeenSeconds: 1,
};

it('the first look already shows what is there, nothings too; one read serves all', async () => {
  const registry = new Registry();
  let reads = 0;
  addBacklogGauges(registry, async () => {
    reads += 1;
    return FIGURES;
  });
  const [text] = await Promise.all([registry.metrics(), registry.metrics()]);
  for (const line of [
    'agentic_memories_pending_messages{phase="buffering"} 3',
    'agentic_memories_oldest_pending_age_seconds{phase="buffering"} 7',
    'agentic_memories_oldest_pending_age_seconds{phase="indexing"} 0',
    'agentic_memories_failed_messages 2',
    'agentic_memories_worker_seen_age_seconds 1',
    'agentic_memories_record_up 1',
  ])
    expect(text.split('\n')).toContain(line);
  expect(reads).toBe(1);
});

it('says when the record cannot be read, and of no worker that none was seen', async () => {
  const away = new Registry();
  addBacklogGauges(away, () => Promise.reject(new Error('away')));
  expect(await away.metrics()).toContain('agentic_memories_record_up 0');
  const lonely = new Registry();
  addBacklogGauges(lonely, async () => ({ ...FIGURES, workerSeenSeconds: null }));
  expect(await lonely.metrics()).not.toMatch(/^agentic_memories_worker_seen_age_seconds \d/m);
});
