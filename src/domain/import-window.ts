import type { ConversationRef } from './message';

/** What an import may have let go at a time; a page is one activity of a conversation, with room for an open tail. */
export interface WindowLimits {
  pageMessages: number;
  windowConversations: number;
  windowMessages: number;
  /** A conversation that was told and has not moved for this long is told again … */
  stalledAfterMs: number;
  /** … and while others move it does not count against the window, up to this many. */
  setAsideConversations: number;
  /**
   * While nothing moves, so many more do not count each time that `stalledAfterMs` have gone by, up to `mostProbes`:
   * what is the matter may be with these alone, and others could go on.
   */
  probesAStall: number;
  mostProbes: number;
}

/** A conversation's part of an import that is let go in part or as a whole, beside the conversation's own cursors. */
export interface OpenPart {
  ref: ConversationRef;
  lastSeq: number;
  releasedThrough: number;
  /** The end of the part was let go, with a flush. */
  flushed: boolean;
  /** How long ago its workflow was told, or the cursors last moved. */
  stillForMs: number;
  dueThrough: number;
  plannedThrough: number;
  indexedThrough: number;
  consideredThrough: number;
}

/** Tell the conversation's workflow that messages through `throughSeq` are let go. */
export interface Release {
  ref: ConversationRef;
  throughSeq: number;
  /** The end of this part: index its tail too. */
  flush: boolean;
}

export interface WindowPlan {
  /** Everything in them is indexed or failed. */
  done: ConversationRef[];
  /** Wait for more of their lines. */
  hold: ConversationRef[];
  release: Release[];
  /** Told already, but nothing has come of it. */
  tellAgain: Release[];
  /** Conversations that the window has room for beside these, and messages. */
  room: { conversations: number; messages: number };
  /** Messages let go that are not terminal. */
  inFlight: number;
}

/** What to do now about the open parts of an import. */
export function planWindow(
  parts: readonly OpenPart[],
  options: { ended: boolean; moving: boolean; limits: WindowLimits },
): WindowPlan {
  const { ended, moving, limits } = options;
  const plan: WindowPlan = {
    done: [],
    hold: [],
    release: [],
    tellAgain: [],
    room: { conversations: limits.windowConversations, messages: limits.windowMessages },
    inFlight: 0,
  };
  let aside = 0;
  const mayStandAside = moving ? limits.setAsideConversations : probesOf(parts, limits);
  for (const part of parts) {
    if (part.indexedThrough >= part.lastSeq && (ended || part.releasedThrough >= part.lastSeq)) {
      plan.done.push(part.ref);
      continue;
    }
    const next = isBusy(part) ? null : nextRelease(part, ended, limits.pageMessages);
    if (next === 'hold') {
      plan.hold.push(part.ref);
      continue;
    }
    const messages = Math.max(0, (next?.throughSeq ?? part.releasedThrough) - part.indexedThrough);
    plan.inFlight += messages;
    const stalled = next === null && part.stillForMs >= limits.stalledAfterMs;
    if (stalled && !isPlanned(part))
      plan.tellAgain.push({ ref: part.ref, throughSeq: part.releasedThrough, flush: part.flushed });
    if (next) plan.release.push(next);
    if (stalled && aside < mayStandAside) {
      aside += 1;
      continue;
    }
    plan.room.conversations -= 1;
    plan.room.messages -= messages;
  }
  return plan;
}

function probesOf(parts: readonly OpenPart[], limits: WindowLimits): number {
  const longestStillMs = Math.max(0, ...parts.map((part) => part.stillForMs));
  const times = Math.floor(longestStillMs / limits.stalledAfterMs);
  return Math.min(limits.mostProbes, times * limits.probesAStall);
}

/** Its workflow has not yet come to the end of what was let go. */
function isBusy(part: OpenPart): boolean {
  if (part.indexedThrough >= part.releasedThrough) return false;
  if (part.flushed) return true;
  // What a planning has seen and left open is a tail that waits for more of the import.
  return part.consideredThrough < part.releasedThrough || part.indexedThrough < part.plannedThrough;
}

/** What was let go is in batches: its workflow knows of it, and whatever it waits for, telling it again is no help. */
function isPlanned(part: OpenPart): boolean {
  return part.plannedThrough >= part.releasedThrough;
}

/** The next page of a part. Until the body has ended only full ones: a page for each chunk would cost a step each. */
export function nextRelease(
  part: Pick<OpenPart, 'ref' | 'lastSeq' | 'releasedThrough'>,
  ended: boolean,
  pageMessages: number,
): Release | 'hold' {
  const left = part.lastSeq - part.releasedThrough;
  if (left <= pageMessages) {
    if (ended) return { ref: part.ref, throughSeq: part.lastSeq, flush: true };
    if (left < pageMessages) return 'hold';
  }
  return { ref: part.ref, throughSeq: part.releasedThrough + Math.min(left, pageMessages), flush: false };
}
