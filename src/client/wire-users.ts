import type { Summary, WorkflowLink } from './wire';

/** The API's answers about a user. */
export interface ConversationList {
  user_id: string;
  conversations: (WorkflowLink & {
    conversation_id: string;
    appended_through: number;
    indexed_through: number;
    created_at: string;
    updated_at: string;
    status_url: string;
  })[];
  next_cursor: string | null;
}

export interface SummaryList {
  user_id: string;
  summaries: Summary[];
}

/** How many memories speak for a persona. */
export interface PersonaEvidence {
  persona: string;
  memories: number;
  /** Of these, those of which it is the first tag. */
  first: number;
  /** Of these memories, those that a language model gave the tag. */
  by_language_model: number;
  confidence: number | null;
  last_at: string;
  memory_ids: string[];
}

/** How requests found the persona, from one change to the next. */
export interface PersonaShift {
  state_snapshot_id: string;
  persona: string;
  confidence: number;
  source: 'forced' | 'query' | 'active' | 'remembered' | 'default';
  mood: string | null;
  active_personas: string[];
  scores: Record<string, number>;
  requests: number;
  since: string;
  seen_at: string;
}

export interface PersonaState {
  user_id: string;
  selected: string | null;
  confidence: number;
  state_snapshot_id: string | null;
  mood: string | null;
  evidence: PersonaEvidence[];
  /** The newest first. */
  shifts: PersonaShift[];
}

/** One record of a user's data. */
export interface ExportLine {
  type: 'user' | 'conversation' | 'message' | 'memory' | 'summary' | 'persona';
  user_id: string;
  [field: string]: unknown;
}

export interface Erasure extends WorkflowLink {
  user_id: string;
  status: 'erasing' | 'erased';
  /** At least; and for as long as anything is left. */
  writes_refused_until: string;
}
