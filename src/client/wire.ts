/** The API's requests and answers, in its own words (`/docs`). */
export type Role = 'user' | 'assistant' | 'system' | 'tool';
export type Layer = 'short-term' | 'semantic' | 'long-term' | 'episodic' | 'procedural' | 'emotional';
export type MemoryType = 'explicit' | 'implicit';

export interface HistoryMessage {
  role: Role;
  content: string;
  name?: string | null;
  /** Made by the client when missing, so that sending again is safe. */
  message_id?: string | null;
  /** RFC 3339 with an offset. */
  timestamp?: string | null;
}

export interface PersonaContext {
  forced_persona?: string | null;
  active_personas?: string[] | null;
  mood?: string | null;
}

export interface EmotionalSignature {
  valence: number;
  arousal: number;
  emotion: string;
  intensity: number;
}

export interface Match {
  message_id: string;
  role: Role;
  name: string | null;
  content: string;
  timestamp: string;
  score: number;
}

export interface Item {
  id: string;
  content: string;
  layer: Layer;
  type: MemoryType;
  score: number;
  relevance: number;
  metadata: Record<string, unknown>;
  importance: number;
  persona_tags: string[];
  emotional_signature: EmotionalSignature | null;
  created_at: string;
  stored_at: string;
  source_message_ids: string[];
  matches: Match[];
}

export interface Summary {
  id: string;
  tier: 'episodic' | 'arc';
  persona: string | null;
  text: string;
  confidence: number;
  freshness: number;
  source_ids: string[];
  from: string;
  to: string;
  created_at: string;
  degraded?: boolean | undefined;
}

export interface Injection {
  memory_id: string;
  content: string;
  source: 'short_term' | 'long_term' | 'system';
  channel: string;
  score: number;
  metadata: { layer: Layer; conversation_id: string };
}

export interface WorkflowLink {
  workflow_id: string;
  workflow_url?: string | undefined;
}

export interface StoreRequest {
  user_id: string;
  history: HistoryMessage[];
  conversation_id?: string | null;
  metadata?: Record<string, unknown> | null;
  persona_context?: PersonaContext | null;
}

export interface FailedRange {
  from_seq: number;
  through_seq: number;
  reason: string;
}

export interface Stored extends WorkflowLink {
  /** There while indexing goes on: see `status_url`. */
  status?: 'pending';
  status_url?: string;
  memories_created: number;
  ids: string[];
  summary: string;
  memories: Item[];
  duplicates_avoided: number;
  updates_made: number;
  existing_memories_checked: number;
  conversation_id: string;
  failed?: FailedRange[] | undefined;
  degraded?: string[] | undefined;
}

export interface RetrieveQuery {
  user_id: string;
  query?: string;
  layer?: Layer;
  type?: MemoryType;
  persona?: string;
  sort?: 'newest' | 'oldest';
  mode?: SearchMode;
  limit?: number;
  offset?: number;
  created_after?: string;
  created_before?: string;
  /** `key:value`. */
  metadata_filter?: string | readonly string[];
}

/** What a user holds of one asset, as far as they told. */
export interface Holding {
  ticker?: string | undefined;
  asset?: string | undefined;
  /** null: some, and it was not said how many. */
  shares: number | null;
  price?: number | undefined;
  currency?: string | undefined;
  /** Money put in, where it was told instead of shares. */
  amount?: number | undefined;
  action: 'buy' | 'sell' | 'hold' | 'goal';
  updated_at: string;
  memory_ids: string[];
}

export interface Finance {
  portfolio: { user_id: string; holdings: Holding[]; total_holdings: number };
  goals: { text: string; tickers: string[] }[];
}

export interface Retrieved {
  results: Item[];
  pagination: { limit: number; offset: number; total: number };
  /** null unless the user has holdings or goals. */
  finance: Finance | null;
}

/** By words, by meaning, or by both. */
export type SearchMode = 'keyword' | 'vector' | 'hybrid';

/** Conditions on memories that must all hold; a list means "one of these". */
export interface Where {
  and?: Where[];
  or?: Where[];
  not?: Where;
  persona?: string | string[];
  layer?: Layer | Layer[];
  type?: MemoryType | MemoryType[];
  /** `after` is inclusive, `before` is not. */
  time?: { after?: string; before?: string };
  /** Equality. */
  metadata?: Record<string, unknown>;
  conversation?: string | string[];
  /** Somebody of this name speaks in it. */
  name?: string | string[];
}

export type Granularity = 'raw' | 'episodic' | 'arc' | 'auto';

export interface RecallRequest {
  user_id: string;
  query?: string | null;
  limit?: number | null;
  offset?: number | null;
  persona_context?: PersonaContext | null;
  granularity?: Granularity | null;
  include_narrative?: boolean | null;
  explain?: boolean | null;
  /** Equality on metadata. */
  filters?: Record<string, unknown> | null;
  created_after?: string | null;
  created_before?: string | null;
  mode?: SearchMode | null;
  where?: Where;
  /** Where it is asked: its last turns help to read a follow-up. */
  conversation_id?: string | null;
}

export interface SourceLink {
  id: string;
  score: number;
  semantic: number;
  keyword: number;
  temporal: number;
  importance: number;
  emotional: number;
  reason: string;
}

export interface Recalled {
  persona: { selected: string; confidence: number; state_snapshot_id: string | null };
  results: {
    granularity: Exclude<Granularity, 'auto'>;
    memories: Item[];
    summaries: Summary[];
    narrative: string | null;
  };
  explainability: {
    weights: { semantic: number; temporal: number; importance: number; emotional: number };
    source_links: SourceLink[];
  } | null;
  /** `narrative`: it was told without the language model that there is. */
  degraded?: string[] | undefined;
}

export interface ContextRequest {
  user_id: string;
  query: string;
  conversation_id?: string | null;
  max_tokens?: number | null;
  persona_context?: PersonaContext | null;
}

export interface Context {
  /** Ready to be put into a prompt. */
  context: string;
  tokens: number;
  sources: { memory_id: string; message_ids: string[] }[];
}

export interface NarrativeRequest {
  user_id: string;
  query?: string | null;
  /** Inclusive. */
  start_time?: string | null;
  /** Exclusive. */
  end_time?: string | null;
  limit?: number | null;
}

export interface Narrative {
  user_id: string;
  /** Empty only when there is nothing to tell. */
  narrative: string;
  /** What matters most of it. */
  summary: string;
  sources: { statement: string; source_ids: string[]; said_at: string }[];
  /** `narrative`: it was told without the language model that there is. */
  degraded?: string[] | undefined;
}

export type * from './wire-ingest';
export type * from './wire-users';
