import type { Server } from 'node:http';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import {
  defaultPolicyOf,
  embedderSettingsOf,
  extractionPolicyOf,
  indexSettingsOf,
  quotaLimitsOf,
  tracingSettingsOf,
  type Config,
} from '../config';
import { UnavailableError } from '../domain/errors';
import { pageOriginsIn } from '../domain/page-origins';
import { createWeaviateIndex } from '../index/weaviate-index';
import { createErasures } from '../ingest/erasures';
import { createIngest } from '../ingest/create-ingest';
import { createImports } from '../ingest/imports';
import { InjectionFeed } from '../ingest/injection-feed';
import { Quotas } from '../ingest/quotas';
import { ProgressWaiter } from '../ingest/progress';
import { addBacklogGauges } from '../metrics/backlog-gauges';
import { meteredEmbedder, meteredImports, meteredIndex, meteredIngest } from '../metrics/metered';
import { createProcessMetrics } from '../metrics/process-metrics';
import { createEmbedder } from '../models/create-embedder';
import { createReaders } from '../models/create-readers';
import { readPersonas } from '../models/configured-personas';
import { createKeepIndexSoon } from '../recall/keep-index-soon';
import { configuredWeights } from '../recall/persona-weights';
import { createRecall } from '../recall/recall';
import { findKey, keysThereAre } from '../record/api-keys';
import { readBacklog } from '../record/backlog';
import { markAnnounced } from '../record/conversations';
import { addRateCounts, forgetRateCounts } from '../record/rate-counts';
import { NotificationListener } from '../record/notifications';
import { createPool, sqlState } from '../record/pool';
import { usageOf } from '../record/usage';
import { createAnnouncer } from '../temporal/announcer';
import { createTemporalClient } from '../temporal/connection';
import { createErasureTeller } from '../temporal/erasure-signals';
import { createImportTeller } from '../temporal/import-signals';
import { createRunMaintenance } from '../temporal/maintenance-runs';
import { createTiersTeller } from '../temporal/tiers-signals';
import { createReindexing } from '../temporal/reindex-runs';
import { workflowUrl } from '../temporal/workflow-links';
import { startTracing } from '../tracing/tracing';
import { Access } from './access';
import { createApiModel } from './api-model';
import { createApp } from './app';
import { RateLimits } from './rate-limits';
import { closeGracefully, createHttpServer, isLoopback, listen } from './http-server';
import { InjectionStreams } from './injection-streams';
import { keepMigrating } from './keep-migrating';
import { createPartChecks } from './part-checks';

const INDEX_TIMEOUT_MS = 5_000;
/** SQLSTATE undefined_table: the schema is older than keys, or there is none yet. */
const NO_TABLE = '42P01';
const REQUESTS_DEADLINE_MS = 10_000;
const TRACES_DEADLINE_MS = 2_000;
const ANNOUNCER_DEADLINE_MS = 5_000;
/** An embedder of the API answers people: it goes before the worker's, which has the same cores. */
const QUERY_NICE = 0;

export interface RunningApi {
  url: string;
  /** Stops accepting, finishes what is in flight, and lets go of every connection. */
  close(): Promise<void>;
}

/**
 * Starts the API. It answers as soon as it listens, whatever of the rest is up: routes that need the record say 503
 * until Postgres is there and its schema in place.
 * @throws Error when the address is taken, or reachable from outside, or from any web page, without a word on keys
 */
export async function startApi(config: Config, log: Logger): Promise<RunningApi> {
  const pageOrigins = pageOriginsIn(config.CORS_ORIGINS);
  const openTo = isLoopback(config.HOST)
    ? pageOrigins === '*' && ANY_PAGE
    : { what: `bind to ${config.HOST}`, instead: 'bind to 127.0.0.1' };
  const keyNeeded = openTo !== false && config.AUTH !== 'off';
  const pool = createPool({
    url: config.DATABASE_URL,
    size: config.DB_POOL_SIZE,
    onError: (err) => log.warn({ err }, 'an idle connection to Postgres was lost'),
  });
  if (keyNeeded) await refuseWithoutKeys(pool, openTo, log);
  const tracing = await startTracing(tracingSettingsOf(config), 'agentic-memories-api', log);
  const temporal = createTemporalClient(
    { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE },
    tracing?.clientInterceptors,
  );
  const announcer = createAnnouncer({
    client: temporal.client,
    deadlineMs: config.STORE_TIMEOUT_MS,
    taskQueue: config.TEMPORAL_TASK_QUEUE,
    idleCloseMs: config.IDLE_CLOSE_MS,
    maxEvents: config.CONVERSATION_MAX_EVENTS,
    onAcknowledged: (items) => markAnnounced(pool, items),
    keepSpan: tracing?.keepSpan,
    logger: log,
  });
  const metrics = createProcessMetrics();
  addBacklogGauges(metrics.registry, () => readBacklog(pool));
  const chosen = createEmbedder({
    ...embedderSettingsOf(config),
    nice: QUERY_NICE,
  });
  const embedder = chosen.embedder && meteredEmbedder(chosen.embedder, metrics.instruments);
  const weaviate = createWeaviateIndex({
    ...indexSettingsOf(config),
    embedderName: chosen.embedder?.name ?? null,
    timeoutMs: INDEX_TIMEOUT_MS,
  });
  const index = meteredIndex(weaviate, metrics.instruments);
  const { llm, narrator } = createApiModel(config, { pool, instruments: metrics.instruments, log });
  const added = readPersonas(config.PERSONAS_FILE);
  const readers = createReaders(chosen.embedder, { added, hurried: true });
  const recall = createRecall({
    pool,
    index,
    embedder,
    lookbackMessages: config.LOOKBACK_MESSAGES,
    // A person waits: words do until the examples are there.
    classifier: readers.personas,
    personaWeights: configuredWeights(added),
  });
  const listener = new NotificationListener(config.DATABASE_URL, (err) =>
    log.warn({ err }, 'the connection that hears notifications was lost'),
  );
  const progress = new ProgressWaiter(pool, listener);
  const feed = new InjectionFeed(pool, listener, (err) =>
    log.warn({ err }, 'injections could not be read for streams'),
  );
  listener.start();
  const injectionStreams = new InjectionStreams(feed, config.STREAM_HEARTBEAT_MS);
  const defaultPolicy = defaultPolicyOf(config);
  const quotas = new Quotas({
    limits: quotaLimitsOf(config),
    usageOf: (namespace, userId) => usageOf(pool, namespace, userId),
  });
  const unmetered = createIngest({
    pool,
    announcer,
    progress,
    injections: recall,
    defaults: defaultPolicy,
    quotas,
  });
  const ingest = meteredIngest(unmetered, metrics.instruments);
  const telling = {
    client: temporal.client,
    taskQueue: config.TEMPORAL_TASK_QUEUE,
    deadlineMs: config.STORE_TIMEOUT_MS,
    logger: log,
  };
  const imports = meteredImports(
    createImports({ pool, teller: createImportTeller(telling), quotas }),
    metrics.instruments,
  );
  const erasures = createErasures({
    pool,
    teller: createErasureTeller(telling),
    tombstoneHours: config.ERASE_TOMBSTONE_HOURS,
  });
  const tiersTeller = createTiersTeller({
    client: temporal.client,
    taskQueue: config.TEMPORAL_TASK_QUEUE,
    deadlineMs: config.STORE_TIMEOUT_MS,
    logger: log,
  });
  const schema = keepMigrating(pool, log);
  const limits = new RateLimits({
    perKey: config.RATE_LIMIT_PER_KEY,
    perUser: config.RATE_LIMIT_PER_USER,
    keyless: config.RATE_LIMIT_KEYLESS,
    share: (additions, windowMs) => addRateCounts(pool, additions, windowMs),
    forget: (beforeMs) => forgetRateCounts(pool, beforeMs),
    onError: (err) => log.debug({ err }, 'rates could not be shared; each process counts for itself'),
  });
  const app = createApp({
    pool,
    ingest,
    imports,
    injectionStreams,
    erasures,
    tiersTeller,
    recall,
    reindexing: createReindexing(telling),
    runMaintenance: createRunMaintenance({
      client: temporal.client,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      deadlineMs: config.STORE_TIMEOUT_MS,
    }),
    readers,
    narrator,
    keepIndex: createKeepIndexSoon({ pool, index, embedder, logger: log }),
    log,
    tracing,
    metrics,
    limits,
    quotas,
    access: new Access({
      keyNeeded,
      namespace: config.NAMESPACE,
      localNamesOnly: isLoopback(config.HOST) && config.AUTH !== 'off',
      findKey: (keyId) => findKey(pool, keyId),
      keysThereAre: () => keysThereAre(pool),
    }),
    pageOrigins,
    showHealthDetails: isLoopback(config.HOST),
    defaultPolicy,
    storeWaitMs: config.STORE_WAIT_MS,
    extraction: llm && extractionPolicyOf(config),
    workflowUrl: (id) => workflowUrl(config.TEMPORAL_UI_URL, config.TEMPORAL_NAMESPACE, id),
    recordReady: () => schema.ready,
    health: createPartChecks({
      pool,
      temporal: temporal.client,
      index,
      chosen,
      llm,
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      recordReady: () => schema.ready,
    }),
  });
  const server = createHttpServer(app);
  const closeParts = async (): Promise<void> => {
    schema.stop();
    limits.close();
    await Promise.all([announcer.close(ANNOUNCER_DEADLINE_MS), tiersTeller.close()]);
    feed.close();
    await Promise.allSettled([
      listener.close(),
      index.close(),
      chosen.embedder?.close(),
      temporal.close(),
      tracing?.close(TRACES_DEADLINE_MS),
    ]);
    await pool.end();
  };
  try {
    const url = await listen(server, config.HOST, config.PORT);
    return { url, close: () => close(server, injectionStreams, closeParts) };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

/** What lets in more than this machine, and what to do instead. */
interface Opening {
  what: string;
  instead: string;
}
/** Any page that somebody here opens could read and write everything. */
const ANY_PAGE: Opening = {
  what: 'let pages of any origin call (CORS_ORIGINS=*)',
  instead: 'name the origins',
};

/** With the record out of reach it starts all the same: nobody is let in until keys can be looked up. */
async function refuseWithoutKeys(pool: Pool, { what, instead }: Opening, log: Logger): Promise<void> {
  const found = await keysThereAre(pool).catch((thrown: unknown) => {
    if (sqlState(thrown) === NO_TABLE) return { valid: false };
    if (!(thrown instanceof UnavailableError)) throw thrown;
    log.warn({ err: thrown }, 'keys cannot be looked up yet; every call waits for them');
    return { valid: true };
  });
  if (found.valid) return;
  await pool.end();
  throw new Error(
    `refusing to ${what} without keys: make one (npx agentic-memories keys create), ${instead}, or set AUTH=off if only trusted callers can reach it`,
  );
}

async function close(
  server: Server,
  streams: InjectionStreams,
  closeParts: () => Promise<void>,
): Promise<void> {
  // Streams never end by themselves.
  streams.close();
  await closeGracefully(server, REQUESTS_DEADLINE_MS);
  await closeParts();
}
