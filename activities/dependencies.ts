import type { Pool } from 'pg';
import type { ConversationPolicy } from '../src/domain/policy';
import type { EpisodePolicy } from '../src/domain/episodes';
import type { MemoryIndex } from '../src/index/memory-index';
import type { AffectModel } from '../src/models/affect/affect-model';
import type { Embedder } from '../src/models/embedder';
import type { PersonaClassifier } from '../src/models/persona-classifier';
import type { Summarizer } from '../src/models/summarizer';
import type { LanguageModel } from '../src/models/language-model';
import type { Announcer } from '../src/temporal/announcer';
import type { RunDeleter } from '../src/temporal/delete-runs';
import type { ErasureTeller } from '../src/temporal/erasure-signals';
import type { ExtractionTeller } from '../src/temporal/extraction-signals';
import type { ImportTeller } from '../src/temporal/import-signals';
import type { TiersTeller } from '../src/temporal/tiers-signals';

export interface ActivityDependencies {
  pool: Pool;
  index: MemoryIndex;
  /** Null: recall by words alone. */
  embedder: Embedder | null;
  /** Says which personas turns belong to. */
  personas: PersonaClassifier;
  /** Says what is felt in them. */
  affect: AffectModel;
  announcer: Announcer;
  importTeller: ImportTeller;
  erasureTeller: ErasureTeller;
  runs: RunDeleter;
  tiersTeller: TiersTeller;
  summarizer: Summarizer;
  episodes: EpisodePolicy;
  /** Null: there is no language model. */
  extraction: ExtractionDependencies | null;
  /** What a conversation's own policy is merged into. */
  defaults: ConversationPolicy;
}

/** What facts are read and summaries told with, and how often. */
export interface ExtractionDependencies {
  model: LanguageModel;
  teller: ExtractionTeller;
  policy: {
    callsPerUserAndDay: number;
    /** Silence after which an open window is read. */
    tailAfterMs: number;
    /** When what the model failed at is tried again. */
    retryDegradedMs: number;
    /** How long an ended episode's summary waits at most for others to be told with. */
    summariesAfterMs: number;
  };
}
