import { z } from 'zod';
import { DEFAULT_EPISODE_MAX_MESSAGES, type EpisodePolicy } from './domain/episodes';
import {
  DEFAULT_INGESTION_POLICY as I,
  DEFAULT_RETRIEVAL_POLICY as R,
  type ConversationPolicy,
} from './domain/policy';
import { ORIGINS_FORM, namesOrigins } from './domain/page-origins';

const port = z.coerce.number().int().min(0).max(65_535);
const ms = z.coerce.number().int().min(1);
const count = z.coerce.number().int();
const origins = z.string().refine(namesOrigins, ORIGINS_FORM);
const limit = (value: number, what: string) => count.min(0).default(value).describe(`${what}; 0: no limit`);
const quota = (what: string) => count.min(0).default(0).describe(`${what}; 0: no quota`);

/** Every environment variable the API and the worker read, with its default and its meaning. */
export const configSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address the API binds to'),
  PORT: port.default(8080).describe('Port of the API'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Log level'),
  NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('default')
    .describe('Namespace of requests that carry no key'),
  DATABASE_URL: z
    .string()
    .default('postgres://postgres@127.0.0.1:5432/memories')
    .describe('Postgres, the record'),
  DB_POOL_SIZE: count.min(2).default(20).describe('Postgres connections a process may hold'),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233').describe('Temporal frontend'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace'),
  TEMPORAL_UI_URL: z
    .string()
    .default('')
    .describe('Where people open the Temporal UI; empty leaves workflow_url out'),
  TEMPORAL_TASK_QUEUE: z.string().default('memories').describe('Task queue of workflows and activities'),
  WEAVIATE_URL: z.string().default('http://127.0.0.1:8081').describe('Weaviate over HTTP'),
  WEAVIATE_GRPC: z.string().default('127.0.0.1:50051').describe('Weaviate over gRPC'),
  WEAVIATE_API_KEY: z.string().default('').describe('Key for Weaviate, if it asks for one'),
  WEAVIATE_COLLECTION: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9_]{0,200}$/)
    .default('Memory')
    .describe('Prefix of the collection; the embedder’s name is added'),
  EMBEDDER: z
    .enum(['local', 'openai', 'none'])
    .default('local')
    .describe('Local MiniLM, an OpenAI-compatible service, or none (recall by words alone)'),
  EMBEDDER_URL: z.string().default('').describe('Base URL of the OpenAI-compatible service, up to /v1'),
  EMBEDDER_API_KEY: z.string().default('').describe('Its key'),
  EMBEDDER_MODEL: z.string().default('text-embedding-3-small').describe('Its model'),
  EMBEDDER_DIMENSIONS: count.min(1).max(4_096).default(1_536).describe('Length of its vectors'),
  EMBEDDER_TIMEOUT_MS: ms.default(30_000).describe('How long one embedding request may take'),
  EMBEDDER_THREADS: count.min(1).max(64).default(2).describe('Threads of the local embedder'),
  MODEL_DIR: z
    .string()
    .default('')
    .describe('Folder of the local embedder’s model; empty: the cache that setup fills'),
  LLM_URL: z
    .string()
    .regex(/^(?:https?:\/\/.+)?$/)
    .default('')
    .describe('Base URL of an OpenAI-compatible chat service, up to /v1; empty: no language model'),
  LLM_API_KEY: z.string().default('').describe('Its key'),
  LLM_MODEL: z.string().default('').describe('Its model'),
  LLM_TIMEOUT_MS: ms.default(60_000).describe('How long one request to it may take'),
  LLM_NARRATIVE_TIMEOUT_MS: count.min(0).default(8_000).describe('Narratives wait for it so long; 0: never'),
  LLM_CALLS_PER_USER_AND_DAY: count.min(0).default(500).describe('More wait for the next day (UTC)'),
  LLM_TAIL_AFTER_MS: ms
    .default(600_000)
    .describe('Silence after which it reads fewer than 20 messages of a conversation'),
  LLM_SUMMARIES_AFTER_MS: ms.default(604_800_000).describe('Below 80 messages summaries wait for it so long'),
  LLM_RETRY_DEGRADED_MS: ms.default(600_000).describe('When what it failed at is tried again'),
  PERSONAS_FILE: z
    .string()
    .default('')
    .describe('JSON file with further personas: `[{name, description?, weights?, examples}]`'),
  STORE_WAIT_MS: ms
    .default(5_000)
    .describe('How long store and flush wait for indexing before they answer 202'),
  STORE_TIMEOUT_MS: ms.default(2_000).describe('Deadline of one call to Temporal behind an answer'),
  SWEEP_INTERVAL_MS: ms.default(10_000).describe('How often missed announcements are looked for'),
  EXPIRE_INTERVAL_MS: ms
    .default(60_000)
    .describe('How often memories past their time, and deleted ones, are removed for good'),
  COMPACT_INTERVAL_MS: ms.default(21_600_000).describe('How often memories that say the same are merged'),
  PROMOTE_INTERVAL_MS: ms
    .default(3_600_000)
    .describe('How often what is a week old and summarized becomes long-term'),
  IDLE_CLOSE_MS: ms
    .default(900_000)
    .describe('Silence after which a conversation’s tail is flushed and its run ends'),
  EPISODE_PAUSE_MS: ms
    .default(1_800_000)
    .describe('Silence that ends an episode: of live talk by the clock, of imports by the messages’ times'),
  EPISODE_MAX_MESSAGES: count
    .min(2)
    .max(1_000)
    .default(DEFAULT_EPISODE_MAX_MESSAGES)
    .describe('Messages of one episode at most'),
  CONVERSATION_MAX_EVENTS: count
    .min(50)
    .default(4_000)
    .describe('History length at which a conversation continues as new'),
  DRIFT_INTERVAL_MS: ms
    .default(21_600_000)
    .describe('How often record and index are compared, and what differs repaired'),
  ERASE_TOMBSTONE_HOURS: z.coerce
    .number()
    .min(0)
    .max(24 * 365)
    .default(24)
    .describe('How long an erased user cannot come back'),
  WORKER_CONCURRENCY: count.min(1).default(40).describe('Activities a worker runs at once'),
  WORKER_METRICS_PORT: port
    .default(0)
    .describe('Port where a worker shows its figures at /metrics; 0 shows none'),
  WORKER_METRICS_HOST: z.string().default('127.0.0.1').describe('Address of that port'),
  TEMPORAL_METRICS_ADDRESS: z
    .string()
    .default('')
    .describe('host:port where the Temporal SDK of a worker shows its own figures; empty shows none'),
  HEARTBEAT_INTERVAL_MS: ms.default(10_000).describe('How often a worker says it is alive'),
  STREAM_HEARTBEAT_MS: ms
    .default(15_000)
    .describe('How often an open stream of injections is sent a comment, so that nobody takes it for dead'),
  LOW_VOLUME_CUTOFF: count.min(0).default(I.lowVolumeCutoff).describe('Default ingestion policy'),
  HIGH_VOLUME_CUTOFF: count.min(0).default(I.highVolumeCutoff).describe('Default ingestion policy'),
  LOW_VOLUME_BATCH_SIZE: count.min(1).default(I.lowVolumeBatchSize).describe('Default ingestion policy'),
  MEDIUM_VOLUME_BATCH_SIZE: count
    .min(1)
    .default(I.mediumVolumeBatchSize)
    .describe('Default ingestion policy'),
  HIGH_VOLUME_BATCH_SIZE: count.min(1).default(I.highVolumeBatchSize).describe('Default ingestion policy'),
  FLUSH_INTERVAL_MS: ms
    .min(100)
    .default(I.flushIntervalMs)
    .describe('Default ingestion policy: the flush window'),
  MAX_BUFFER_SIZE: count.min(1).default(I.maxBufferSize).describe('Default ingestion policy'),
  MIN_SIMILARITY: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(R.minSimilarity)
    .describe('Default retrieval policy: least relevance injected'),
  MAX_INJECTIONS_PER_MESSAGE: count
    .min(0)
    .max(50)
    .default(R.maxInjectionsPerMessage)
    .describe('Default retrieval policy'),
  REINJECTION_COOLDOWN_TURNS: count
    .min(0)
    .default(R.reinjectionCooldownTurns)
    .describe('Default retrieval policy'),
  LOOKBACK_MESSAGES: count.min(0).default(R.lookbackMessages).describe('Default retrieval policy'),
  WORKER_DEPLOYMENT_NAME: z
    .string()
    .max(100)
    .default('')
    .describe('Deployment of Temporal’s worker versioning this worker is of; empty: unversioned'),
  WORKER_BUILD_ID: z.string().max(100).default('').describe('Build of that deployment, such as a commit'),
  RATE_LIMIT_PER_KEY: limit(60_000, 'Requests a minute of one key, over all API processes'),
  RATE_LIMIT_PER_USER: limit(6_000, 'Requests a minute with a key for one user’s data'),
  RATE_LIMIT_KEYLESS: limit(0, 'Requests a minute of all callers without a key'),
  QUOTA_USER_MESSAGES: quota('Messages a user may have'),
  QUOTA_USER_MEMORIES: quota('Memories a user may have'),
  QUOTA_USER_BYTES: quota('Bytes of text a user may have'),
  QUOTA_NAMESPACE_MESSAGES: quota('Messages a namespace may have'),
  QUOTA_NAMESPACE_MEMORIES: quota('Memories a namespace may have'),
  QUOTA_NAMESPACE_BYTES: quota('Bytes of text a namespace may have'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .default('')
    .describe('Base URL of a collector that takes traces as OTLP over HTTP, such as http://localhost:4318'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z
    .string()
    .default('')
    .describe('Its whole URL, where it is not the base and /v1/traces; without either there are no traces'),
  OTEL_TRACES_EXPORTER: z
    .string()
    .default('')
    .describe('`otlp` sends traces to localhost:4318 if no endpoint is set, `none` sends none'),
  OTEL_SDK_DISABLED: z.string().default('').describe('`true`: no traces, whatever else is set'),
  OTEL_SERVICE_NAME: z
    .string()
    .default('')
    .describe('Name in traces; empty: agentic-memories-api and agentic-memories-worker'),
  CORS_ORIGINS: origins
    .default('')
    .describe('Origins whose web pages may call the API, with commas between; `*`: all; empty: none'),
  AUTH: z.enum(['', 'off']).default('').describe('`off` allows binding beyond loopback without keys'),
});

export type Config = z.infer<typeof configSchema>;

/** Reads the configuration. @throws Error naming each variable that is wrong. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = configSchema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`configuration is wrong: ${problems.join('; ')}`);
}

/** How conversations are cut into episodes. */
export function episodePolicyOf(config: Config): EpisodePolicy {
  return { pauseMs: config.EPISODE_PAUSE_MS, maxMessages: config.EPISODE_MAX_MESSAGES };
}

/** The policy of conversations that changed nothing. */
export function defaultPolicyOf(config: Config): ConversationPolicy {
  return {
    ingestion: {
      lowVolumeCutoff: config.LOW_VOLUME_CUTOFF,
      highVolumeCutoff: config.HIGH_VOLUME_CUTOFF,
      lowVolumeBatchSize: config.LOW_VOLUME_BATCH_SIZE,
      mediumVolumeBatchSize: config.MEDIUM_VOLUME_BATCH_SIZE,
      highVolumeBatchSize: config.HIGH_VOLUME_BATCH_SIZE,
      flushIntervalMs: config.FLUSH_INTERVAL_MS,
      maxBufferSize: config.MAX_BUFFER_SIZE,
    },
    retrieval: {
      minSimilarity: config.MIN_SIMILARITY,
      maxInjectionsPerMessage: config.MAX_INJECTIONS_PER_MESSAGE,
      reinjectionCooldownTurns: config.REINJECTION_COOLDOWN_TURNS,
      lookbackMessages: config.LOOKBACK_MESSAGES,
    },
  };
}

/** What src/models/create-embedder takes, for the API and the worker alike. */
export function embedderSettingsOf(config: Config) {
  return {
    kind: config.EMBEDDER,
    url: config.EMBEDDER_URL,
    apiKey: config.EMBEDDER_API_KEY,
    model: config.EMBEDDER_MODEL,
    dimensions: config.EMBEDDER_DIMENSIONS,
    timeoutMs: config.EMBEDDER_TIMEOUT_MS,
    threads: config.EMBEDDER_THREADS,
    modelDir: config.MODEL_DIR,
  };
}

/** Where the index is, as src/index/weaviate-index takes it. */
export function indexSettingsOf(config: Config) {
  return {
    url: config.WEAVIATE_URL,
    grpc: config.WEAVIATE_GRPC,
    apiKey: config.WEAVIATE_API_KEY,
    collectionPrefix: config.WEAVIATE_COLLECTION,
  };
}

/** How often each maintenance job runs by itself. */
export function maintenanceIntervalsOf(config: Config) {
  return {
    expire: config.EXPIRE_INTERVAL_MS,
    compact: config.COMPACT_INTERVAL_MS,
    promote: config.PROMOTE_INTERVAL_MS,
  };
}

/** The language model and what it may be asked for; null: there is none. @throws Error on a configuration that cannot work */
export function languageModelSettingsOf(config: Config) {
  if (config.LLM_URL === '') return null;
  if (config.LLM_MODEL === '')
    throw new Error('configuration is wrong: LLM_URL needs LLM_MODEL, the name of its model');
  return {
    url: config.LLM_URL,
    apiKey: config.LLM_API_KEY,
    model: config.LLM_MODEL,
    timeoutMs: config.LLM_TIMEOUT_MS,
  };
}

/** When and how often a language model is asked. */
export function extractionPolicyOf(config: Config) {
  return {
    callsPerUserAndDay: config.LLM_CALLS_PER_USER_AND_DAY,
    tailAfterMs: config.LLM_TAIL_AFTER_MS,
    retryDegradedMs: config.LLM_RETRY_DEGRADED_MS,
    summariesAfterMs: config.LLM_SUMMARIES_AFTER_MS,
  };
}

/** The version a worker registers under; null: it takes work of any. @throws Error when only half of it is set */
export function workerVersionOf(config: Config): { deploymentName: string; buildId: string } | null {
  const { WORKER_DEPLOYMENT_NAME: deploymentName, WORKER_BUILD_ID: buildId } = config;
  if ((deploymentName === '') !== (buildId === ''))
    throw new Error('set both WORKER_DEPLOYMENT_NAME and WORKER_BUILD_ID, or neither');
  return deploymentName === '' ? null : { deploymentName, buildId };
}

/** OpenTelemetry's own variables; the rest of them (headers, sampler, batches) its SDK reads itself. */
export function tracingSettingsOf(config: Config) {
  return {
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    tracesEndpoint: config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    exporter: config.OTEL_TRACES_EXPORTER,
    disabled: config.OTEL_SDK_DISABLED.toLowerCase() === 'true',
  };
}

/** How much users and namespaces may have, as src/ingest/quotas takes it. */
export function quotaLimitsOf(config: Config) {
  return {
    user: {
      messages: config.QUOTA_USER_MESSAGES,
      memories: config.QUOTA_USER_MEMORIES,
      bytes: config.QUOTA_USER_BYTES,
    },
    namespace: {
      messages: config.QUOTA_NAMESPACE_MESSAGES,
      memories: config.QUOTA_NAMESPACE_MEMORIES,
      bytes: config.QUOTA_NAMESPACE_BYTES,
    },
  };
}
