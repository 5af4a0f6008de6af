import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { PageOrigins } from '../domain/page-origins';
import type { ConversationPolicy } from '../domain/policy';
import type { Erasures } from '../ingest/erasures';
import type { Imports } from '../ingest/imports';
import type { Ingest } from '../ingest/ingest';
import type { Quotas } from '../ingest/quotas';
import type { Readers } from '../models/create-readers';
import type { KeepIndexSoon } from '../recall/keep-index-soon';
import type { ProcessMetrics } from '../metrics/process-metrics';
import type { Narrator } from '../recall/narrator';
import type { Recall } from '../recall/recall';
import type { RunMaintenance } from '../temporal/maintenance-runs';
import type { Tracing } from '../tracing/tracing';
import type { Access } from './access';
import type { TiersTeller } from '../temporal/tiers-signals';
import type { Reindexing } from '../temporal/reindex-runs';
import type { HealthChecks } from './health-checks';
import type { InjectionStreams } from './injection-streams';
import type { RateLimits } from './rate-limits';

/** Everything the API is made of; server.ts puts it together, tests as they need it. */
export interface ApiDependencies {
  pool: Pool;
  ingest: Ingest;
  imports: Imports;
  injectionStreams: InjectionStreams;
  erasures: Erasures;
  /** Told when a change of memories leaves summaries behind. */
  tiersTeller: TiersTeller;
  reindexing: Reindexing;
  recall: Recall;
  /** Tells narratives; null: there is no language model for it. */
  narrator: Narrator | null;
  keepIndex: KeepIndexSoon;
  /** Say of a memory written by hand whom it is about and what is felt in it. */
  readers: Readers;
  runMaintenance: RunMaintenance;
  health: HealthChecks;
  access: Access;
  /** Whose web pages may call it. */
  pageOrigins: PageOrigins;
  limits: RateLimits;
  quotas: Quotas;
  /** Whether everybody may read why a part fails: it names hosts. Else only who has a key. */
  showHealthDetails: boolean;
  log: Logger;
  tracing: Tracing | null;
  metrics: ProcessMetrics;
  /** The policy of conversations that changed nothing. */
  defaultPolicy: ConversationPolicy;
  /** How long store and flush wait for indexing. */
  storeWaitMs: number;
  /** When a language model reads facts from what is stored; null: there is none. */
  extraction: { tailAfterMs: number } | null;
  /** Where people see a workflow's run; undefined when the Temporal UI’s address is not known. */
  workflowUrl(workflowId: string): string | undefined;
  /** Whether the record's schema is in place; until then routes that need it answer 503. */
  recordReady(): boolean;
}
