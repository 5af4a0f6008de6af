import type { Pool } from 'pg';
import { effectivePolicy, type PolicyPatch } from '../domain/effective-policy';
import { conflict, invalid, notFound } from '../domain/errors';
import type { ConversationRef, IncomingMessage } from '../domain/message';
import { ingestionPolicyErrors, type ConversationPolicy } from '../domain/policy';
import { reopenFailed } from '../record/batches';
import {
  conversationState,
  ensureConversation,
  lockConversation,
  setConversationPolicy,
} from '../record/conversations';
import { knownMessageIds } from '../record/messages';
import { transaction } from '../record/pool';
import type { Usage } from '../record/usage';
import type { Announcer } from '../temporal/announcer';
import { createAcceptor } from './acceptor';
import { announceAppended } from './announce-appended';
import type { Appended, Ingest, RetryOutcome } from './ingest';
import type { ProgressWaiter } from './progress';
import { sizeOf, type Quotas } from './quotas';
import { createStream, type InjectionSource } from './stream';

export interface IngestDependencies {
  pool: Pool;
  announcer: Announcer;
  progress: ProgressWaiter;
  injections: InjectionSource;
  /** What a conversation's own changes are merged into. */
  defaults: ConversationPolicy;
  quotas: Quotas;
}

/** The accepting side of ingestion: record first, Temporal behind the answer. */
export function createIngest(dependencies: IngestDependencies): Ingest {
  const { pool, announcer, progress, defaults, quotas } = dependencies;
  const acceptor = createAcceptor(pool);
  const stream = createStream({ pool, acceptor, injections: dependencies.injections, defaults, announcer });

  /** Stores messages where a quota has room for what is new of them. @throws DomainError 403 */
  async function withinQuota<Stored extends Appended>(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    store: () => Promise<Stored>,
  ): Promise<Stored> {
    if (!quotas.set) return store();
    return quotas.within(
      ref,
      sizeOf(messages),
      () => sizeOfNew(ref, messages),
      store,
      ({ duplicate }) => sizeOf(messages.filter((_, place) => !duplicate[place])),
    );
  }

  async function sizeOfNew(ref: ConversationRef, messages: readonly IncomingMessage[]): Promise<Usage> {
    const byId = new Map(messages.map((message) => [message.messageId, message]));
    for (const id of await knownMessageIds(pool, ref, [...byId.keys()])) byId.delete(id);
    return sizeOf([...byId.values()]);
  }

  async function append(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    options: { flush?: boolean } = {},
  ): Promise<Appended> {
    return withinQuota(ref, messages, async () => {
      const accepted = await acceptor.accept({ ref, messages });
      return announceAppended(announcer, ref, accepted, options.flush ?? false);
    });
  }

  async function flush(ref: ConversationRef): Promise<number> {
    const state = await conversationState(pool, ref);
    // What an import still holds is not ours to flush.
    if (!state || state.dueThrough === 0) return 0;
    announcer.announce(ref, { throughSeq: state.dueThrough, flushThrough: state.dueThrough });
    return state.dueThrough;
  }

  async function setPolicy(ref: ConversationRef, patch: PolicyPatch): Promise<ConversationPolicy> {
    const { policy, dueThrough } = await transaction(pool, async (client) => {
      await ensureConversation(client, ref);
      const state = await lockConversation(client, ref);
      if (!state) throw conflict('The conversation was removed at the same moment. Try again.');
      const ingestion = { ...state.ingestionPolicy, ...patch.ingestion };
      const retrieval = { ...state.retrievalPolicy, ...patch.retrieval };
      const merged = effectivePolicy(defaults, { ingestion, retrieval });
      const errors = ingestionPolicyErrors(merged.ingestion);
      if (errors.length > 0) throw invalid(errors);
      await setConversationPolicy(client, ref, ingestion, retrieval);
      return { policy: merged, dueThrough: state.dueThrough };
    });
    // A conversation without messages has nothing to plan again; its first message reads the policy.
    if (dueThrough > 0) announcer.announce(ref, { throughSeq: dueThrough, policyChanged: true });
    return policy;
  }

  async function retry(ref: ConversationRef): Promise<RetryOutcome> {
    const state = await conversationState(pool, ref);
    if (!state) throw notFound('There is no such conversation for this user.');
    const ranges = await reopenFailed(pool, ref);
    if (ranges.length > 0) announcer.announce(ref, { throughSeq: state.dueThrough, retryFailed: true });
    return { ranges, throughSeq: ranges.at(-1)?.throughSeq ?? state.indexedThrough };
  }

  return {
    append,
    stream: (ref, messages, options) => withinQuota(ref, messages, () => stream(ref, messages, options)),
    flush,
    waitIndexed: (ref, throughSeq, waitMs) => progress.wait(ref, throughSeq, waitMs),
    setPolicy,
    retry,
  };
}
