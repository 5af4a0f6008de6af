import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities';
import { createLogger } from './api/log';
import {
  defaultPolicyOf,
  embedderSettingsOf,
  episodePolicyOf,
  extractionPolicyOf,
  indexSettingsOf,
  languageModelSettingsOf,
  loadConfig,
  tracingSettingsOf,
  workerVersionOf,
  maintenanceIntervalsOf,
  type Config,
} from './config';
import { ensureError } from './domain/errors';
import { createWeaviateIndex } from './index/weaviate-index';
import {
  countTokens,
  meteredActivities,
  meteredEmbedder,
  meteredIndex,
  meteredLanguageModel,
} from './metrics/metered';
import { createProcessMetrics, serveMetrics } from './metrics/process-metrics';
import { createEmbedder } from './models/create-embedder';
import { readPersonas } from './models/configured-personas';
import { createReaders } from './models/create-readers';
import { createDefaultSummarizer } from './recall/default-summarizer';
import { createOpenAiLanguageModel } from './models/openai-language-model';
import { markAnnounced } from './record/conversations';
import { beat } from './record/heartbeats';
import { migrate } from './record/migrate';
import { createPool } from './record/pool';
import { createAnnouncer } from './temporal/announcer';
import { createTemporalClient } from './temporal/connection';
import { createRunDeleter } from './temporal/delete-runs';
import { createErasureTeller } from './temporal/erasure-signals';
import { createExtractionTeller } from './temporal/extraction-signals';
import { createImportTeller } from './temporal/import-signals';
import { createTiersTeller } from './temporal/tiers-signals';
import { retryUntil } from './temporal/retry-until';
import { sdkLogger } from './temporal/sdk-logger';
import { startWorkerLoop } from './temporal/worker-loop';
import { startTracing } from './tracing/tracing';

const INDEX_TIMEOUT_MS = 15_000;
const ANNOUNCER_DEADLINE_MS = 3_000;
const TRACES_DEADLINE_MS = 2_000;
const RUN_DELETION_DEADLINE_MS = 10_000;
/** Whatever hangs: a worker that was told to stop is gone after this, and its work is another's. */
const STOP_DEADLINE_MS = 20_000;
/** The worker's embedder gives way to the API's, which has a person waiting. */
const DOCUMENT_NICE = 10;

/** The worker's process: waits for its servers, works until SIGTERM or SIGINT, and ends what it began. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger(config.LOG_LEVEL, 'worker');
  const stopping = new AbortController();
  stopOnSignals(stopping, logger);
  Runtime.install({
    logger: sdkLogger(logger),
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(config.TEMPORAL_METRICS_ADDRESS
        ? { metrics: { prometheus: { bindAddress: config.TEMPORAL_METRICS_ADDRESS } } }
        : {}),
    },
    // Ours, so that everything ends in order.
    shutdownSignals: [],
  });
  try {
    await work(config, logger, stopping.signal);
  } catch (thrown) {
    // Told to stop while it was still waiting for its servers.
    if (!stopping.signal.aborted || ensureError(thrown).name !== 'AbortError') throw thrown;
  }
}

async function work(config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  const at = { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE };
  const taskQueue = config.TEMPORAL_TASK_QUEUE;
  const pool = createPool({
    url: config.DATABASE_URL,
    size: config.DB_POOL_SIZE,
    onError: (err) => logger.warn({ err }, 'an idle connection to Postgres was lost'),
  });
  const tracing = await startTracing(tracingSettingsOf(config), 'agentic-memories-worker', logger);
  const temporal = createTemporalClient(at, tracing?.clientInterceptors);
  const chosen = createEmbedder({
    ...embedderSettingsOf(config),
    nice: DOCUMENT_NICE,
  });
  if (chosen.status === 'failing') logger.warn({ reason: chosen.reason }, 'working without an embedder');
  const weaviate = createWeaviateIndex({
    ...indexSettingsOf(config),
    embedderName: chosen.embedder?.name ?? null,
    timeoutMs: INDEX_TIMEOUT_MS,
  });
  const metrics = createProcessMetrics();
  const index = meteredIndex(weaviate, metrics.instruments);
  const embedder = chosen.embedder && meteredEmbedder(chosen.embedder, metrics.instruments);
  const metricsServer =
    config.WORKER_METRICS_PORT === 0
      ? null
      : await serveMetrics(metrics.registry, config.WORKER_METRICS_HOST, config.WORKER_METRICS_PORT);
  const announcer = createAnnouncer({
    client: temporal.client,
    taskQueue,
    idleCloseMs: config.IDLE_CLOSE_MS,
    maxEvents: config.CONVERSATION_MAX_EVENTS,
    deadlineMs: config.STORE_TIMEOUT_MS,
    onAcknowledged: (items) => markAnnounced(pool, items),
    keepSpan: tracing?.keepSpan,
    logger,
  });
  const telling = { client: temporal.client, taskQueue, deadlineMs: config.STORE_TIMEOUT_MS, logger };
  const tiersTeller = createTiersTeller(telling);
  const llm = languageModelSettingsOf(config);
  const extraction = llm && {
    model: meteredLanguageModel(
      createOpenAiLanguageModel({ ...llm, onTokens: countTokens(metrics.instruments) }),
      metrics.instruments,
    ),
    policy: extractionPolicyOf(config),
    teller: createExtractionTeller(telling),
  };
  try {
    await Promise.all([
      retryUntil('migrate Postgres', () => migrate(pool), { signal, logger }),
      // Before any activity: an index without its collection refuses what is written to it.
      retryUntil('ensure the collection in Weaviate', () => index.ensureCollection(), { signal, logger }),
    ]);
    const heartbeat = createHeartbeat(logger, (workerId) => beat(pool, workerId, taskQueue));
    const loop = startWorkerLoop({
      at,
      client: temporal.client,
      taskQueue,
      activities: meteredActivities(
        createActivities({
          pool,
          index,
          embedder,
          ...createReaders(embedder, { added: readPersonas(config.PERSONAS_FILE) }),
          announcer,
          importTeller: createImportTeller(telling),
          erasureTeller: createErasureTeller(telling),
          runs: createRunDeleter(temporal.client, RUN_DELETION_DEADLINE_MS),
          tiersTeller,
          summarizer: createDefaultSummarizer(),
          episodes: episodePolicyOf(config),
          extraction,
          defaults: defaultPolicyOf(config),
        }),
        metrics.instruments,
      ),
      concurrency: config.WORKER_CONCURRENCY,
      version: workerVersionOf(config),
      tracing: tracing?.workerOptions,
      sweepIntervalMs: config.SWEEP_INTERVAL_MS,
      driftIntervalMs: config.DRIFT_INTERVAL_MS,
      maintenanceIntervalsMs: maintenanceIntervalsOf(config),
      signal,
      onPolling: heartbeat,
      logger,
    });
    const beating = setInterval(() => loop.isPolling() && heartbeat(), config.HEARTBEAT_INTERVAL_MS);
    await loop.ended.finally(() => clearInterval(beating));
  } finally {
    metricsServer?.close();
    await Promise.all([announcer.close(ANNOUNCER_DEADLINE_MS), tiersTeller.close()]);
    await Promise.allSettled([
      temporal.close(),
      chosen.embedder?.close(),
      index.close(),
      tracing?.close(TRACES_DEADLINE_MS),
    ]);
    await pool.end();
  }
}

/** Says that this worker is alive, one saying at a time. */
function createHeartbeat(logger: Logger, sayAlive: (workerId: string) => Promise<void>): () => void {
  const workerId = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  let saying = false;
  return () => {
    if (saying) return;
    saying = true;
    sayAlive(workerId)
      .catch((thrown: unknown) =>
        logger.warn({ err: ensureError(thrown) }, 'the heartbeat could not be written'),
      )
      .finally(() => (saying = false));
  };
}

function stopOnSignals(stopping: AbortController, logger: Logger): void {
  const stop = (cause: string): void => {
    if (stopping.signal.aborted) return;
    logger.info({ cause }, 'stopping');
    stopping.abort();
    setTimeout(() => {
      logger.error({ deadlineMs: STOP_DEADLINE_MS }, 'did not end in time; leaving');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A parent that holds the channel and dies must not leave us behind.
  process.on('disconnect', () => stop('disconnect'));
}

main().then(
  () => process.exit(0),
  (thrown: unknown) => {
    process.stderr.write(`agentic-memories worker: ${ensureError(thrown).stack}\n`);
    process.exit(1);
  },
);
