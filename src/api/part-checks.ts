import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { MemoryIndex } from '../index/memory-index';
import type { ChosenEmbedder } from '../models/create-embedder';
import type { LanguageModel } from '../models/language-model';
import { checkRecordWritable } from '../record/check-record';
import { lastWorkerHeartbeat } from '../record/heartbeats';
import { checkTemporal } from '../temporal/health';
import type { HealthCheck, HealthChecks } from './health-checks';
import { LastKnown } from './last-known';

const TEMPORAL_DEADLINE_MS = 1_500;
const WORKER_SEEN_WITHIN_MS = 30_000;
/** That a part took a write counts for so long: whoever asks for the health often makes nobody write often. */
const WRITABLE_FOR_MS = 5_000;

export interface CheckedParts {
  pool: Pool;
  temporal: Client;
  index: Pick<MemoryIndex, 'check' | 'checkWritable'>;
  chosen: ChosenEmbedder;
  llm: Pick<LanguageModel, 'check' | 'name'> | null;
  taskQueue: string;
  /** Whether the schema is in place. */
  recordReady(): boolean;
}

/** How each part is asked whether it does its work; whoever has to write is asked to write. */
export function createPartChecks(parts: CheckedParts): HealthChecks {
  const { pool, temporal, index, chosen, llm, taskQueue } = parts;
  const recordTakesWrites = takesWrites(() => checkRecordWritable(pool));
  const indexTakesWrites = takesWrites(() => index.checkWritable());
  return {
    postgres: async () => {
      await pool.query('SELECT 1');
      await recordTakesWrites();
    },
    temporal: () => checkTemporal(temporal, TEMPORAL_DEADLINE_MS),
    weaviate: async () => {
      await index.check();
      await indexTakesWrites();
    },
    worker: () => checkWorker(pool, parts.recordReady(), taskQueue),
    embedder: embedderCheck(chosen),
    llm: llm ? () => llm.check().then(() => llm.name) : 'off',
  };
}

function takesWrites(load: () => Promise<void>): () => Promise<void> {
  const known = new LastKnown({ load, freshMs: WRITABLE_FOR_MS, staleMs: 0 });
  return () => known.get();
}

async function checkWorker(pool: Pool, recordReady: boolean, taskQueue: string): Promise<string> {
  if (!recordReady) throw new Error('unknown while the record is not ready');
  const ageMs = await lastWorkerHeartbeat(pool, taskQueue);
  if (ageMs === null) throw new Error('no worker has been seen yet');
  const seconds = Math.round(ageMs / 1_000);
  if (ageMs > WORKER_SEEN_WITHIN_MS) throw new Error(`no worker has been seen for ${seconds} s`);
  return `seen ${seconds} s ago`;
}

function embedderCheck(chosen: ChosenEmbedder): HealthCheck {
  if (chosen.embedder) {
    const { embedder } = chosen;
    return async () => {
      await embedder.check();
      return embedder.name;
    };
  }
  if (chosen.status === 'off') return 'off';
  return () => Promise.reject(new Error(chosen.reason));
}
