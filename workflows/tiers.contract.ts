import type { Telling } from '../src/domain/telling';

/** What the workflow that keeps a user's summaries is started with. */
export interface TiersInput {
  namespace: string;
  userId: string;
  /** History length at which the run continues as new, if Temporal has not suggested it before. */
  maxEvents?: number;
  /** Set by a run that continues as new with work left. */
  behind?: boolean;
}

export const TIERS_WORKFLOW = 'tiers';
/** Episodes have ended, or their memories have changed: the record knows which. No arguments. */
export const EPISODES_CHANGED_SIGNAL = 'episodesChanged';
export const TIERS_PROGRESS_QUERY = 'progress';

/** What one look has brought up to date. */
export interface TiersRefreshed {
  /** Episodes whose summaries were made again. */
  episodes: number;
  /** Personas whose arcs were made again. */
  arcs: string[];
  /** There was more than one look takes: look again at once. */
  more: boolean;
  /** What a language model is to tell now; without it (or in runs of an earlier release) nothing. */
  telling?: Telling;
}

/** What the query `progress` answers. */
export interface TiersProgress {
  phase: 'idle' | 'waiting' | 'summarizing';
  looks: number;
  last: TiersRefreshed | null;
}

export interface TiersActivities {
  /** Brings a user's summaries up to date: episodes whose memories have changed, then the arcs of the personas concerned. */
  refreshSummaries(input: TiersInput): Promise<TiersRefreshed>;
  /** Has a language model tell summaries, in one call, in place of those made without it. */
  tellByModel(input: TiersInput & { telling: Telling }): Promise<void>;
  /** Leaves them as they are, to be told later. */
  leaveTelling(input: TiersInput & { telling: Telling }): Promise<void>;
}
