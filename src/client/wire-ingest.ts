import type {
  EmotionalSignature,
  FailedRange,
  HistoryMessage,
  Injection,
  Layer,
  MemoryType,
  PersonaContext,
  Role,
  StoreRequest,
  WorkflowLink,
} from './wire';

/** The API's requests and answers about what comes in. */
export interface NewMessage extends HistoryMessage {
  metadata?: Record<string, unknown> | null;
}

export interface Appended extends WorkflowLink {
  accepted: number;
  duplicates: number;
  from_seq: number;
  through_seq: number;
  status_url: string;
}

/** A message as it was said. */
export interface Turn {
  /** Its place in the conversation. */
  seq: number;
  message_id: string;
  role: Role;
  name: string | null;
  content: string;
  /** When it was said, else when it came in. */
  timestamp: string;
  metadata: Record<string, unknown>;
}

export interface TurnsPage {
  /** The latest of the conversation that come before this. */
  before_seq?: number;
  /** 1..1000, default 100. */
  limit?: number;
}

export interface Turns {
  conversation_id: string;
  user_id: string;
  /** In the order of the conversation. */
  messages: Turn[];
  /** `before_seq` of the page before this one; null at the beginning. */
  next_before_seq: number | null;
}

export interface Flushed extends WorkflowLink {
  flushed: boolean;
  /** There while indexing goes on. */
  status?: 'pending' | undefined;
  through_seq: number;
  conversation_id: string;
  user_id: string;
  status_url: string;
}

export interface Retried extends WorkflowLink {
  retried: FailedRange[];
  conversation_id: string;
  user_id: string;
  status_url: string;
}

export interface IngestionPolicyWire {
  low_volume_cutoff: number;
  high_volume_cutoff: number;
  low_volume_batch_size: number;
  medium_volume_batch_size: number;
  high_volume_batch_size: number;
  flush_interval_seconds: number;
  max_buffer_size: number;
}

export interface RetrievalPolicyWire {
  min_similarity: number;
  max_injections_per_message: number;
  reinjection_cooldown_turns: number;
  lookback_messages: number;
}

export interface Policy {
  ingestion: IngestionPolicyWire;
  retrieval: RetrievalPolicyWire;
}

export interface PolicyPatch {
  ingestion?: Partial<IngestionPolicyWire> | null;
  retrieval?: Partial<RetrievalPolicyWire> | null;
}

export interface Conversation extends WorkflowLink {
  conversation_id: string;
  user_id: string;
  phase: 'idle' | 'buffering' | 'indexing' | 'held';
  appended_through: number;
  indexed_through: number;
  pending: number;
  failed: FailedRange[];
  next_flush_at: string | null;
  volume: 'low' | 'medium' | 'high';
  policy: Policy;
  degraded?: string[] | undefined;
}

export interface OrchestratorMessage {
  conversation_id: string;
  role: Role;
  content: string;
  metadata?: Record<string, string> | null;
  message_id?: string | null;
  timestamp?: string | null;
  name?: string | null;
  flush?: boolean | null;
}

export interface StreamedMessage extends WorkflowLink {
  injections: Injection[];
  conversation_id: string;
  message_id: string;
  seq: number;
  duplicate: boolean;
  flushed?: boolean | undefined;
  degraded?: string[] | undefined;
}

export interface TranscriptBody {
  user_id?: string | null;
  history: HistoryMessage[];
  conversation_id?: string | null;
  metadata?: Record<string, string> | null;
  persona_context?: PersonaContext | null;
}

export interface StreamedTranscript extends WorkflowLink {
  injections: Injection[];
  conversation_id: string;
  user_id: string;
  accepted: number;
  duplicates: number;
  from_seq: number;
  through_seq: number;
  flushed?: boolean | undefined;
  degraded?: string[] | undefined;
}

export interface OrchestratorRetrieve {
  conversation_id: string;
  query: string;
  metadata?: Record<string, string> | null;
  limit?: number | null;
  offset?: number | null;
}

export interface NewMemory {
  user_id: string;
  content: string;
  layer?: Layer | null;
  type?: MemoryType | null;
  importance?: number | null;
  persona_tags?: string[] | null;
  metadata?: Record<string, unknown> | null;
  ttl_seconds?: number | null;
  event_timestamp?: string | null;
  emotional_signature?: EmotionalSignature | null;
}

export interface MemoryPatch {
  content?: string;
  layer?: Layer;
  importance?: number;
  persona_tags?: string[];
  metadata?: Record<string, unknown>;
  ttl_seconds?: number | null;
}

export interface ImportReceived extends WorkflowLink {
  import_id: string;
  lines: number;
  messages: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  status_url: string;
}

export interface ImportStatus extends WorkflowLink {
  import_id: string;
  status: 'receiving' | 'running' | 'paused' | 'completed' | 'completed_with_errors' | 'cancelled';
  totals: {
    lines: number;
    messages: number;
    accepted: number;
    duplicates: number;
    rejected: number;
    indexed: number;
    failed: number;
    pending: number;
  };
  rate_per_second: number | null;
  seconds_left: number | null;
  waiting_for: string | null;
  created_at: string;
  finished_at: string | null;
  status_url: string;
}

export interface ImportMessage extends NewMessage {
  type?: 'message';
  user_id: string;
  conversation_id: string;
}

export type ImportLine = ImportMessage | StoreRequest;
