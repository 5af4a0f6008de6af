import type { Pool } from 'pg';
import type { ConversationPolicy } from '../src/domain/policy';
import type { EpisodePolicy } from '../src/domain/episodes';
import type { MemoryIndex } from '../src/index/memory-index';
import type { AffectModel } from '../src/models/affect/affect-model';
import type { Embedder } from '../src/models/embedder';
import type { PersonaClassifier } from '../src/models/persona-classifier';
import type { Summarizer } from '../src/models/summarizer';
import type { Announcer } from '../src/temporal/announcer';
import type { RunDeleter } from '../src/temporal/delete-runs';
import type { ErasureTeller } from '../src/temporal/erasure-signals';
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
  /** What a conversation's own policy is merged into. */
  defaults: ConversationPolicy;
}
