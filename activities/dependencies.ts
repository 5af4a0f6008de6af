import type { Pool } from 'pg';
import type { ConversationPolicy } from '../src/domain/policy';
import type { MemoryIndex } from '../src/index/memory-index';
import type { Embedder } from '../src/models/embedder';
import type { Announcer } from '../src/temporal/announcer';
import type { RunDeleter } from '../src/temporal/delete-runs';
import type { ErasureTeller } from '../src/temporal/erasure-signals';
import type { ImportTeller } from '../src/temporal/import-signals';

export interface ActivityDependencies {
  pool: Pool;
  index: MemoryIndex;
  /** Null: recall by words alone. */
  embedder: Embedder | null;
  announcer: Announcer;
  importTeller: ImportTeller;
  erasureTeller: ErasureTeller;
  runs: RunDeleter;
  /** What a conversation's own policy is merged into. */
  defaults: ConversationPolicy;
}
