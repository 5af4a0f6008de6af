import { denies, isNearIdentical, likenessOf, plain } from './likeness';
import { injectionSource, type Injection, type Layer } from './memory';
import type { RetrievalPolicy } from './policy';

const INLINE_CHANNEL = 'inline';

/** A memory that could be injected. */
export interface InjectionCandidate {
  memoryId: string;
  content: string;
  layer: Layer;
  /** Where it was said; null for memories that no conversation made. */
  conversationId: string | null;
  sourceMessageIds: readonly string[];
  /** The texts it is made of: its turns', or its own. */
  texts: readonly string[];
  /** Of a summary: the memories it says something of. */
  citedMemoryIds?: readonly string[];
}

/** What a search found for one message, before the lock. */
export interface InjectionCandidates<Candidate extends InjectionCandidate = InjectionCandidate> {
  /** In the order of ties. */
  memories: readonly Candidate[];
  /** The prepared terms of a text. */
  termsOf(text: string): readonly string[];
  /** The relevance of each, 0..1, as if there were no others: what is left out must not scale what stays. */
  relevances(kept: readonly Candidate[]): number[];
}

/** What the decision knows of the stream, read under the conversation's lock. */
export interface InjectionContext {
  conversationId: string;
  seq: number;
  policy: RetrievalPolicy;
  content: string;
  /** The last `lookback_messages` turns of this conversation: the model sees them anyway. */
  lookback: readonly { messageId: string; content: string }[];
  /** What was injected into this conversation within the cooldown. */
  recent: readonly PastInjection[];
}

export interface PastInjection {
  seq: number;
  injection: Pick<Injection, 'memoryId' | 'content'>;
  sourceConversationId: string | null;
  sourceMessageIds: readonly string[];
  citedMemoryIds?: readonly string[];
}

/** An injection with what it was made from, so that the same thing in another form counts as the same. */
export interface DecidedInjection {
  injection: Injection;
  sourceConversationId: string | null;
  sourceMessageIds: string[];
  /** Of a summary: the memories it says something of; all of them must be there when it is injected. */
  citedMemoryIds: string[];
}

/**
 * What to put into the stream beside one message, best first. What the model sees already and what was injected
 * within the cooldown are taken out before scores are scaled against the best; then `relevance >= min_similarity`
 * passes, at most `max_injections_per_message`, no two that say the same.
 */
export function decideInjections<Candidate extends InjectionCandidate>(
  candidates: InjectionCandidates<Candidate>,
  context: InjectionContext,
): DecidedInjection[] {
  const { policy } = context;
  if (policy.maxInjectionsPerMessage <= 0) return [];
  const cooling = context.recent.filter((past) => context.seq - past.seq < policy.reinjectionCooldownTurns);
  const kept = candidates.memories.filter(
    (candidate) =>
      !isVisible(candidate, context, candidates.termsOf) &&
      !cooling.some((past) => isSameAsInjected(candidate, past, candidates.termsOf)),
  );
  const chosen: Ranked<Candidate>[] = [];
  for (const one of ranked(candidates, kept)) {
    if (one.relevance < policy.minSimilarity || chosen.length >= policy.maxInjectionsPerMessage) break;
    if (!chosen.some((other) => isSame(one.candidate, other.candidate, candidates.termsOf))) chosen.push(one);
  }
  return chosen.map((one) => asInjection(one, context.conversationId));
}

/** The best `limit` candidates from `offset` on, without threshold, cap, cooldown or look-back. */
export function topInjections<Candidate extends InjectionCandidate>(
  candidates: InjectionCandidates<Candidate>,
  conversationId: string,
  page: { limit: number; offset: number },
): Injection[] {
  return ranked(candidates, candidates.memories)
    .slice(page.offset, page.offset + page.limit)
    .map((one) => asInjection(one, conversationId).injection);
}

interface Ranked<Candidate> {
  candidate: Candidate;
  relevance: number;
}

function ranked<Candidate extends InjectionCandidate>(
  candidates: InjectionCandidates<Candidate>,
  kept: readonly Candidate[],
): Ranked<Candidate>[] {
  const relevances = candidates.relevances(kept);
  return kept
    .map((candidate, i) => ({ candidate, relevance: relevances[i] ?? 0 }))
    .sort((a, b) => b.relevance - a.relevance);
}

function asInjection(
  { candidate, relevance }: Ranked<InjectionCandidate>,
  conversationId: string,
): DecidedInjection {
  return {
    injection: {
      memoryId: candidate.memoryId,
      content: candidate.content,
      source: injectionSource(candidate.layer),
      channel: INLINE_CHANNEL,
      score: relevance,
      metadata: { layer: candidate.layer, conversation_id: conversationId },
    },
    sourceConversationId: candidate.conversationId,
    sourceMessageIds: [...candidate.sourceMessageIds],
    citedMemoryIds: [...(candidate.citedMemoryIds ?? [])],
  };
}

type TermsOf = InjectionCandidates['termsOf'];

/** Holds a turn that the model sees, or says no more than what it sees. */
function isVisible(candidate: InjectionCandidate, context: InjectionContext, termsOf: TermsOf): boolean {
  const visibleIds = new Set(context.lookback.map((turn) => turn.messageId));
  if (
    candidate.conversationId === context.conversationId &&
    candidate.sourceMessageIds.some((id) => visibleIds.has(id))
  ) {
    return true;
  }
  const visibleTexts = [context.content, ...context.lookback.map((turn) => turn.content)];
  return candidate.texts.every((text) => visibleTexts.some((visible) => saysNoMore(text, visible, termsOf)));
}

/**
 * Whether `text` adds nothing to `visible`: the same words, or some of them. A statement adds to a question ("I am
 * allergic to nuts" to "Am I allergic to nuts?"), and so does a "not".
 */
function saysNoMore(text: string, visible: string, termsOf: TermsOf): boolean {
  if (plain(text) === plain(visible)) return true;
  if (isQuestion(visible) && !isQuestion(text)) return false;
  if (denies(text) && !denies(visible)) return false;
  const shown = new Set(termsOf(visible));
  return termsOf(text).every((term) => shown.has(term));
}

function isSameAsInjected(candidate: InjectionCandidate, past: PastInjection, termsOf: TermsOf): boolean {
  return (
    candidate.memoryId === past.injection.memoryId ||
    citesOther(candidate, { memoryId: past.injection.memoryId, citedMemoryIds: past.citedMemoryIds }) ||
    sharesMessages(candidate, past.sourceConversationId, past.sourceMessageIds) ||
    sayTheSame(candidate.content, past.injection.content, termsOf)
  );
}

function isSame(a: InjectionCandidate, b: InjectionCandidate, termsOf: TermsOf): boolean {
  return (
    citesOther(a, b) ||
    sharesMessages(a, b.conversationId, b.sourceMessageIds) ||
    sayTheSame(a.content, b.content, termsOf)
  );
}

interface Citing {
  memoryId: string;
  citedMemoryIds?: readonly string[] | undefined;
}

/** Whether one is a summary that says something of the other, or both are and of the same. */
function citesOther(a: Citing, b: Citing): boolean {
  const [ofA, ofB] = [a.citedMemoryIds ?? [], b.citedMemoryIds ?? []];
  return ofA.includes(b.memoryId) || ofB.includes(a.memoryId) || ofA.some((id) => ofB.includes(id));
}

function sharesMessages(
  candidate: InjectionCandidate,
  conversationId: string | null,
  messageIds: readonly string[],
): boolean {
  return (
    candidate.conversationId === conversationId &&
    messageIds.some((id) => candidate.sourceMessageIds.includes(id))
  );
}

function sayTheSame(a: string, b: string, termsOf: TermsOf): boolean {
  return isNearIdentical(likenessOf(a, termsOf(a)), likenessOf(b, termsOf(b)));
}

function isQuestion(text: string): boolean {
  return (
    /[?？؟]\s*$/.test(text) ||
    /^(?:am|are|is|was|were|do|does|did|can|could|what|when|where|who|why|how|which)\b/i.test(text.trim())
  );
}
