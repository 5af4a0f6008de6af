import type { ConversationPolicy, IngestionPolicy, RetrievalPolicy } from './policy';

/** What was changed against a policy; absent fields keep their value. */
export interface PolicyPatch {
  ingestion?: Partial<IngestionPolicy>;
  retrieval?: Partial<RetrievalPolicy>;
}

/** The defaults with a conversation's own changes. */
export function effectivePolicy(defaults: ConversationPolicy, changes: PolicyPatch): ConversationPolicy {
  return {
    ingestion: { ...defaults.ingestion, ...changes.ingestion },
    retrieval: { ...defaults.retrieval, ...changes.retrieval },
  };
}
