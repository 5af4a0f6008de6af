import type { Pool, PoolClient } from 'pg';
import { effectivePolicy } from '../domain/effective-policy';
import { UnavailableError } from '../domain/errors';
import { decideInjections, type InjectionCandidates } from '../domain/injection';
import type { ConversationRef, IncomingMessage } from '../domain/message';
import type { ConversationPolicy, RetrievalPolicy } from '../domain/policy';
import { conversationState } from '../record/conversations';
import {
  degradedOf,
  injectionsAfter,
  injectionsOf,
  lockInjectable,
  markDegraded,
  saveInjections,
  type StoredInjection,
} from '../record/injections';
import { acceptMessages, knownMessageIds, readTurns, type AcceptedMessage } from '../record/messages';
import { transaction } from '../record/pool';
import type { Announcer } from '../temporal/announcer';
import type { Acceptor } from './acceptor';
import { announceAppended } from './announce-appended';
import type { Ingest, Streamed, StreamedTurn } from './ingest';

/** Retrieval gets this long; a message is worth accepting even when search hangs. */
const RETRIEVAL_DEADLINE_MS = 1_500;
/** How many turns of one transcript look for their memories at a time. */
const RETRIEVALS_AT_ONCE = 4;
const DEGRADED_RETRIEVAL = 'retrieval';

/** A turn that the model sees anyway. */
export interface VisibleTurn {
  messageId: string;
  role: IncomingMessage['role'];
  name: string | null;
  content: string;
}

/** Finds what could be injected; slow, so before the lock. What is injected is decided inside it (domain/injection). */
export interface InjectionSource {
  /** @throws UnavailableError when search is out of reach */
  prepareInjections(
    ref: ConversationRef,
    message: { content: string; timestamp: Date | null },
    lookback: readonly VisibleTurn[],
  ): Promise<InjectionCandidates>;
}

interface StreamDependencies {
  pool: Pool;
  acceptor: Acceptor;
  injections: InjectionSource;
  defaults: ConversationPolicy;
  announcer: Announcer;
}

/** What was injected where, and which turns were answered without search. */
interface Decision {
  decided: StoredInjection[];
  degraded: number[];
}

/** What was found for one message before the lock: null when search was down. */
type Prepared = Map<number, InjectionCandidates | null>;

/** The orchestrator's path (see Ingest.stream). */
export function createStream(dependencies: StreamDependencies): Ingest['stream'] {
  const { pool, acceptor, injections, defaults, announcer } = dependencies;

  return async function stream(ref, messages, options = {}) {
    if (!messages.some((message) => message.role === 'user')) {
      const accepted = await acceptor.accept({ ref, messages });
      return answer(ref, messages, accepted, options.flush ?? false);
    }
    const state = await conversationState(pool, ref);
    const policy = effectivePolicy(defaults, { retrieval: state?.retrievalPolicy ?? {} }).retrieval;
    const prepared = await prepare(ref, messages, policy, state?.appendedThrough ?? 0);
    const { accepted, decision } = await transaction(pool, async (client) => {
      const stored = await acceptMessages(client, ref, messages);
      return {
        accepted: stored,
        decision: await decideAndSave(client, ref, messages, stored, prepared, policy),
      };
    });
    return answer(ref, messages, accepted, options.flush ?? false, decision);
  };

  async function prepare(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    policy: RetrievalPolicy,
    storedThrough: number,
  ): Promise<Prepared> {
    const lookbackFrom = storedThrough - policy.lookbackMessages + 1;
    const [known, stored] = await Promise.all([
      storedThrough === 0
        ? new Set()
        : knownMessageIds(
            pool,
            ref,
            messages.map((message) => message.messageId),
          ),
      policy.lookbackMessages === 0 || storedThrough === 0
        ? []
        : readTurns(pool, ref, lookbackFrom, storedThrough),
    ]);
    const prepared: Prepared = new Map();
    const places = messages.flatMap((message, place) =>
      message.role === 'user' && !known.has(message.messageId) ? [place] : [],
    );
    const next = places.values();
    const work = async (): Promise<void> => {
      for (const place of next) {
        const message = messages[place]!;
        const seen: VisibleTurn[] = [...stored, ...messages.slice(0, place)];
        const lookback = seen.slice(Math.max(0, seen.length - policy.lookbackMessages));
        prepared.set(place, await prepareOne(ref, message, lookback));
      }
    };
    await Promise.all(Array.from({ length: RETRIEVALS_AT_ONCE }, work));
    return prepared;
  }

  async function prepareOne(
    ref: ConversationRef,
    message: IncomingMessage,
    lookback: VisibleTurn[],
  ): Promise<InjectionCandidates | null> {
    try {
      return await beforeDeadline(injections.prepareInjections(ref, message, lookback));
    } catch (thrown) {
      if (thrown instanceof UnavailableError && thrown.service !== 'postgres') return null;
      throw thrown;
    }
  }

  async function decideAndSave(
    client: PoolClient,
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    stored: readonly AcceptedMessage[],
    prepared: Prepared,
    policy: RetrievalPolicy,
  ): Promise<Decision> {
    const fresh = stored.flatMap((message, place) =>
      message.duplicate ? [] : [{ place, seq: message.seq }],
    );
    const first = fresh[0];
    if (!first) return { decided: [], degraded: [] };
    const before = Math.max(policy.lookbackMessages, 1);
    const visible = new Map<number, VisibleTurn>();
    for (const turn of await readTurns(client, ref, first.seq - before, first.seq - 1))
      visible.set(turn.seq, turn);
    for (const { place, seq } of fresh) visible.set(seq, messages[place]!);
    const recent = await injectionsAfter(client, ref, first.seq - policy.reinjectionCooldownTurns);
    const decided: StoredInjection[] = [];
    const degraded: number[] = [];
    for (const { place, seq } of fresh) {
      const found = prepared.get(place);
      if (found === null) degraded.push(seq);
      if (!found) continue;
      const lookback: VisibleTurn[] = [];
      for (let s = Math.max(1, seq - policy.lookbackMessages); s < seq; s += 1) {
        const turn = visible.get(s);
        if (turn) lookback.push(turn);
      }
      const chosen = decideInjections(found, {
        conversationId: ref.conversationId,
        seq,
        policy,
        content: messages[place]!.content,
        lookback,
        recent: [...recent, ...decided].filter((past) => seq - past.seq < policy.reinjectionCooldownTurns),
      });
      decided.push(...chosen.map((one) => ({ seq, ...one })));
    }
    const stillThere = await liveOf(client, ref, decided);
    if (stillThere.length > 0) await saveInjections(client, ref, stillThere);
    if (degraded.length > 0) await markDegraded(client, ref, degraded, [DEGRADED_RETRIEVAL]);
    return { decided: stillThere, degraded };
  }

  async function answer(
    ref: ConversationRef,
    messages: readonly IncomingMessage[],
    accepted: readonly AcceptedMessage[],
    flush: boolean,
    decision: Decision = { decided: [], degraded: [] },
  ): Promise<Streamed> {
    const appended = announceAppended(announcer, ref, accepted, flush);
    // Only what was answered before has to be read: the rest was decided just now.
    const again = accepted
      .filter((m, place) => m.duplicate && messages[place]!.role === 'user')
      .map((m) => m.seq);
    const [before, degradedBefore] =
      again.length === 0
        ? [[], new Map<number, string[]>()]
        : await Promise.all([injectionsOf(pool, ref, again), degradedOf(pool, ref, again)]);
    const freshly = new Set(decision.decided.map((one) => one.seq));
    const stored = [...before.filter((one) => !freshly.has(one.seq)), ...decision.decided];
    const degraded = new Map(degradedBefore);
    for (const seq of decision.degraded) degraded.set(seq, [DEGRADED_RETRIEVAL]);
    const turns = accepted.map((message, place): StreamedTurn => ({
      messageId: messages[place]!.messageId,
      seq: message.seq,
      duplicate: message.duplicate,
      injections: stored.filter((one) => one.seq === message.seq).map((one) => one.injection),
      degraded: degraded.get(message.seq) ?? [],
    }));
    return { ...appended, turns };
  }
}

/** Without what was deleted, or has expired, since it was found. */
async function liveOf(
  client: PoolClient,
  ref: ConversationRef,
  decided: readonly StoredInjection[],
): Promise<StoredInjection[]> {
  if (decided.length === 0) return [];
  const live = await lockInjectable(client, ref, [...new Set(decided.flatMap(neededBy))]);
  return decided.filter((one) => neededBy(one).every((id) => live.has(id)));
}

/** The memories that must be there: a summary stands for those it says something of. */
function neededBy({ injection, citedMemoryIds }: StoredInjection): readonly string[] {
  return citedMemoryIds.length > 0 ? citedMemoryIds : [injection.memoryId];
}

/** @throws UnavailableError('weaviate') when it takes longer than a waiting message should */
async function beforeDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new UnavailableError('weaviate', `retrieval took longer than ${RETRIEVAL_DEADLINE_MS} ms`);
    timer = setTimeout(() => reject(error), RETRIEVAL_DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
