import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  NativeConnection,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { conversationWorkflowId } from '../../../src/domain/ids';
import type { ConversationRef } from '../../../src/domain/message';
import { workflowsPath } from '../../../src/temporal/bundle';
import { connectionOptions, createTemporalClient } from '../../../src/temporal/connection';
import {
  signalMessagesStored,
  signalPolicyChanged,
  signalRetryFailed,
} from '../../../src/temporal/conversation-signals';
import { ensureSearchAttributes } from '../../../src/temporal/search-attributes';
import type { ConversationProgress, MessagesStored } from '../../../workflows/conversation.contract';
import { IngestDouble } from './ingest-double';
import { until } from './until';

export const TEMPORAL_AT = {
  address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
  namespace: process.env.TEMPORAL_NAMESPACE ?? 'default',
};

export type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** A real worker on a task queue of its own, whose activities run on an {@link IngestDouble}. */
export interface WorkflowWorld {
  client: Client;
  taskQueue: string;
  ingest: IngestDouble;
  newConversation(): ConversationRef;
  /** Stores messages in the double and signals them, as `messagesStored` says. @returns the last seq */
  say(ref: ConversationRef, count?: number, more?: Partial<MessagesStored>): Promise<number>;
  signal(ref: ConversationRef, signal: MessagesStored): Promise<void>;
  policyChanged(ref: ConversationRef): Promise<void>;
  retryFailed(ref: ConversationRef): Promise<void>;
  progress(ref: ConversationRef): Promise<ConversationProgress>;
  /** Waits until the workflow itself knows that everything up to `seq` is indexed. */
  indexed(ref: ConversationRef, seq: number): Promise<void>;
  history(ref: ConversationRef, runId?: string): Promise<HistoryEvent[]>;
  close(): Promise<void>;
}

export interface WorldOptions {
  idleCloseMs?: number;
  maxEvents?: number;
  /** Modules of workflow interceptors, and the sinks that they call. */
  interceptorModules?: string[];
  sinks?: WorkerOptions['sinks'];
  activities?: object;
  /** Activities that its worker runs at once. */
  concurrency?: number;
}

const CONNECT_DEADLINE_MS = 10_000;
let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** Bundles the workflows, once a test file. */
export function bundleWorkflows(interceptorModules: string[] = []): Promise<WorkflowBundleWithSourceMap> {
  const make = () =>
    bundleWorkflowCode({
      workflowsPath: workflowsPath(),
      workflowInterceptorModules: interceptorModules,
      logger: new DefaultLogger('WARN'),
    });
  return interceptorModules.length > 0 ? make() : (bundle ??= make());
}

/** Keeps the SDK's chatter out of the tests' output; before anything else uses the runtime. */
export function quietRuntime(): void {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
}

export async function openWorld(options: WorldOptions = {}): Promise<WorkflowWorld> {
  const taskQueue = `test-${randomUUID()}`;
  const ingest = new IngestDouble();
  const { client, close } = createTemporalClient(TEMPORAL_AT);
  const connection = await NativeConnection.connect(connectionOptions(TEMPORAL_AT));
  await ensureSearchAttributes(client, CONNECT_DEADLINE_MS);
  const worker = await Worker.create({
    connection,
    namespace: TEMPORAL_AT.namespace,
    taskQueue,
    workflowBundle: await bundleWorkflows(options.interceptorModules),
    activities: { ingestBatches: ingest.ingestBatches, ...options.activities },
    ...(options.concurrency ? { maxConcurrentActivityTaskExecutions: options.concurrency } : {}),
    ...(options.sinks ? { sinks: options.sinks } : {}),
  });
  const running = worker.run();
  const start = {
    taskQueue,
    idleCloseMs: options.idleCloseMs ?? 60_000,
    maxEvents: options.maxEvents ?? 4_000,
  };
  const handle = (ref: ConversationRef, runId?: string) =>
    client.workflow.getHandle(conversationWorkflowId(ref), runId);
  const world: WorkflowWorld = {
    client,
    taskQueue,
    ingest,
    newConversation: () => ({
      namespace: taskQueue.slice(0, 20),
      userId: `user-${randomUUID()}`,
      conversationId: 'chat',
    }),
    async say(ref, count = 1, more = {}) {
      const throughSeq = ingest.store(ref, count);
      const live = { throughSeq, storedAtMs: Date.now(), liveThrough: throughSeq };
      await signalMessagesStored(client, start, ref, { ...live, ...more });
      return throughSeq;
    },
    signal: (ref, signal) => signalMessagesStored(client, start, ref, signal),
    policyChanged: (ref) => signalPolicyChanged(client, ref),
    retryFailed: (ref) => signalRetryFailed(client, start, ref),
    progress: (ref) => handle(ref).query<ConversationProgress>('progress'),
    async indexed(ref, seq) {
      await until(
        `messages through ${seq} indexed`,
        async () => (await world.progress(ref)).indexedThrough >= seq,
      );
    },
    async history(ref, runId) {
      return (await handle(ref, runId).fetchHistory()).events ?? [];
    },
    async close() {
      worker.shutdown();
      await running;
      await connection.close();
      await close();
    },
  };
  return world;
}
