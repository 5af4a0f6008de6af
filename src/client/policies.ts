import type { IngestionPolicyWire, PolicyPatch, RetrievalPolicyWire } from './wire';

export interface IngestionPolicyInit {
  /** Up to this many messages a conversation is of low volume; default 6. */
  lowVolumeCutoff?: number;
  /** From one more than this many it is of high volume; default 20. */
  highVolumeCutoff?: number;
  lowVolumeBatchSize?: number;
  mediumVolumeBatchSize?: number;
  highVolumeBatchSize?: number;
  /** No message waits longer than this, in seconds (0.1 to 604,800); default 30. */
  flushIntervalSeconds?: number;
  maxBufferSize?: number;
}

/** How messages are gathered into memories; what is left out stays as the server has it. */
export class IngestionPolicy {
  constructor(readonly init: IngestionPolicyInit = {}) {}

  toWire(): Partial<IngestionPolicyWire> {
    return inSnakeCase(this.init);
  }
}

export interface RetrievalPolicyInit {
  /** The least relevance that is injected, 0..1; default 0.55. */
  minSimilarity?: number;
  maxInjectionsPerMessage?: number;
  /** For so many turns a memory is not injected again; default 6. */
  reinjectionCooldownTurns?: number;
  /** The last turns, which the model sees anyway, are not injected; default 4. */
  lookbackMessages?: number;
}

/** What is injected; what is left out stays as the server has it. */
export class RetrievalPolicy {
  constructor(readonly init: RetrievalPolicyInit = {}) {}

  toWire(): Partial<RetrievalPolicyWire> {
    return inSnakeCase(this.init);
  }
}

/** The change that both policies ask for; null when there is none. */
export function policyPatch(
  ingestion: IngestionPolicy | IngestionPolicyInit | undefined,
  retrieval: RetrievalPolicy | RetrievalPolicyInit | undefined,
): PolicyPatch | null {
  if (!ingestion && !retrieval) return null;
  const i = ingestion instanceof IngestionPolicy ? ingestion : new IngestionPolicy(ingestion);
  const r = retrieval instanceof RetrievalPolicy ? retrieval : new RetrievalPolicy(retrieval);
  return { ingestion: i.toWire(), retrieval: r.toWire() };
}

function inSnakeCase(init: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(init)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value as number,
      ]),
  );
}
