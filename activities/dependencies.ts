import type { Pool } from 'pg';
import type { ConversationPolicy } from '../src/domain/policy';
import type { MemoryIndex } from '../src/index/memory-index';
import type { Embedder } from '../src/models/embedder';
import type { Announcer } from '../src/temporal/announcer';
import type { ImportTeller } from '../src/temporal/import-signals';

export interface ActivityDependencies {
  pool: Pool;
  index: MemoryIndex;
  /** Null: recall by words alone. */
  embedder: Embedder | null;
  announcer: Announcer;
  importTeller: ImportTeller;
  /** What a conversation's own policy is merged into. */
  defaults: ConversationPolicy;
}
