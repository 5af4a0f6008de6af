/** Why a conversation's activity runs now, as people read it in the Temporal UI. */
export type StepReason =
  'start' | 'size' | 'window' | 'flush' | 'idle' | 'policy' | 'retry' | 'late' | 'backlog' | 'pause';

export type NextStep =
  /** Plan and index now. */
  | { kind: 'ingest'; reason: StepReason; flushThroughSeq: number; closeTail?: 'idle' }
  /** Nothing to do until a signal comes or a timer fires. */
  | { kind: 'wait' }
  /** Go on in a new run with a short history. */
  | { kind: 'roll' }
  /** Silent, and nothing is pending: the run is done. */
  | { kind: 'close' };

/** Everything that decides a conversation's next step. Seqs of signals only grow; the record's answer corrects them. */
export interface Standing {
  /** No step of this run has finished: what the record holds is not known yet. */
  fresh: boolean;
  /** Stored and due, as far as the signals and the record have said. */
  storedThrough: number;
  plannedThrough: number;
  indexedThrough: number;
  nextCutSeq: number;
  /** The record has more planned work than one step takes. */
  more: boolean;
  flushThrough: number;
  /** Up to here somebody has said something live, or waits for it. */
  liveThrough: number;
  /** What a finished step was asked to flush through: a flush beyond the record's end must not be asked for ever. */
  flushServedThrough: number;
  policyChanges: number;
  policyServed: number;
  retries: number;
  retriesServed: number;
  /** Announcements that came late: the record is asked, whatever the signals have said before. */
  late: number;
  lateServed: number;
  flushIntervalMs: number;
  /** When the first message that no step has seen was stored; null when there is none. */
  unseenSinceMs: number | null;
  /** When the window of the pending messages ends; null while none runs. */
  windowEndsAtMs: number | null;
  /** Its timer has fired. Kept apart from the clock: a timer may fire a little before the clock shows its time. */
  windowEnded: boolean;
  /** Nothing was heard for as long as the run may be idle. */
  silent: boolean;
  /** The tail was closed for silence, and nothing was heard since. */
  tailClosed: boolean;
  /** When silence ends the open episode; null when none is open. */
  episodeEndsAtMs: number | null;
  /** Its timer has fired, and nothing has moved its end since. */
  episodeEnded: boolean;
  /** When the last step ended, nothing that is stored was to be indexed, and no import was to bring more. */
  settled: boolean;
}

/** What was asked of the step that is running; taken when it starts, since signals go on arriving. */
export interface StepAsked {
  storedThrough: number;
  flushThrough: number;
  policyChanges: number;
  retries: number;
  late: number;
  closedTail: boolean;
}

/** The part of the activity's answer that decides what comes next. */
export interface StepOutcome {
  storedThrough: number;
  plannedThrough: number;
  indexedThrough: number;
  nextCutSeq: number;
  windowEndsInMs: number | null;
  flushIntervalMs: number;
  more: boolean;
  episodeEndsInMs?: number | null;
  settled?: boolean;
}

/** A window that ends this soon is waited for this long, so that clocks a little apart cannot make a tight loop. */
const MIN_WINDOW_REST_MS = 25;

/** How things stand when a run starts, with what the run before it knew. */
export function standingAtStart(carried?: {
  storedThrough: number;
  flushThrough: number;
  liveThrough?: number;
}): Standing {
  return {
    fresh: true,
    storedThrough: carried?.storedThrough ?? 0,
    plannedThrough: 0,
    indexedThrough: 0,
    nextCutSeq: 1,
    more: false,
    flushThrough: carried?.flushThrough ?? 0,
    liveThrough: carried?.liveThrough ?? 0,
    flushServedThrough: 0,
    policyChanges: 0,
    policyServed: 0,
    retries: 0,
    retriesServed: 0,
    late: 0,
    lateServed: 0,
    flushIntervalMs: 0,
    unseenSinceMs: null,
    windowEndsAtMs: null,
    windowEnded: false,
    silent: false,
    tailClosed: false,
    episodeEndsAtMs: null,
    episodeEnded: false,
    settled: false,
  };
}

/** Messages that are stored, due, and in no batch yet. */
export function pendingCount(s: Standing): number {
  return Math.max(0, s.storedThrough - s.plannedThrough);
}

/** Whether something live is not indexed yet: also what an import stored before it, since turns are indexed in order. */
export function hasLiveWork(s: Standing): boolean {
  return s.liveThrough > s.indexedThrough;
}

/** The phase people filter runs by. */
export function phaseOf(s: Standing): 'idle' | 'buffering' | 'indexing' {
  if (s.fresh || s.more) return 'indexing';
  return pendingCount(s) > 0 ? 'buffering' : 'idle';
}

/** What to do now, and why. */
export function nextStep(s: Standing, mustRoll: boolean): NextStep {
  const ingest = (reason: StepReason): NextStep => ({
    kind: 'ingest',
    reason,
    flushThroughSeq: s.flushThrough,
  });
  if (s.fresh) return ingest('start');
  // Before any other work, or a run that always has work would never roll. The new run starts with a step anyway.
  if (mustRoll) return { kind: 'roll' };
  if (s.flushThrough > Math.max(s.plannedThrough, s.flushServedThrough)) return ingest('flush');
  if (s.policyChanges > s.policyServed) return ingest('policy');
  if (s.retries > s.retriesServed) return ingest('retry');
  if (s.storedThrough >= s.nextCutSeq) return ingest('size');
  if (s.late > s.lateServed) return ingest('late');
  if (s.more) return ingest('backlog');
  if (s.windowEnded && pendingCount(s) > 0) return ingest('window');
  if (s.episodeEnded && pendingCount(s) === 0) return ingest('pause');
  // What was imported years after it was said is not gone on with at once: its run need not wait for silence.
  if (s.settled && s.liveThrough === 0 && pendingCount(s) === 0 && s.episodeEndsAtMs === null)
    return { kind: 'close' };
  if (!s.silent) return { kind: 'wait' };
  if (pendingCount(s) === 0 || s.tailClosed)
    return s.episodeEndsAtMs === null ? { kind: 'close' } : { kind: 'wait' };
  return { kind: 'ingest', reason: 'idle', flushThroughSeq: s.flushThrough, closeTail: 'idle' };
}

/** Starts a step: notes what it will have served when it ends, and what it is sure to see. */
export function beginStep(s: Standing, step: NextStep): StepAsked {
  s.unseenSinceMs = null;
  return {
    storedThrough: s.storedThrough,
    flushThrough: s.flushThrough,
    policyChanges: s.policyChanges,
    retries: s.retries,
    late: s.late,
    closedTail: step.kind === 'ingest' && step.closeTail !== undefined,
  };
}

/**
 * Takes in that messages are stored. The first one after a quiet buffer starts the window, counted from when it was
 * stored; `storedAtMs` undefined means that nobody knows, and the record is asked at once.
 */
export function hearStored(
  s: Standing,
  heard: { throughSeq: number; flushThrough?: number; storedAtMs?: number; liveThrough?: number },
  nowMs: number,
): void {
  const news = heard.throughSeq > s.storedThrough;
  s.storedThrough = Math.max(s.storedThrough, heard.throughSeq);
  s.flushThrough = Math.max(s.flushThrough, heard.flushThrough ?? 0);
  s.liveThrough = Math.max(s.liveThrough, heard.liveThrough ?? 0);
  hearAnything(s);
  if (heard.storedAtMs === undefined) s.late += 1;
  if (news) s.unseenSinceMs ??= Math.min(heard.storedAtMs ?? nowMs, nowMs);
  if (s.fresh || s.unseenSinceMs === null || s.windowEndsAtMs !== null) return;
  s.windowEndsAtMs = Math.max(s.unseenSinceMs + s.flushIntervalMs, nowMs);
  s.windowEnded = s.windowEndsAtMs <= nowMs;
}

/** Takes in that something was heard: the silence is over. */
export function hearAnything(s: Standing): void {
  s.silent = false;
  s.tailClosed = false;
}

/** Takes in what the activity answered. The window restarts only if a batch was cut or the policy changed. */
export function hearOutcome(s: Standing, asked: StepAsked, outcome: StepOutcome, nowMs: number): void {
  const heardMeanwhile = s.storedThrough > asked.storedThrough;
  const cut = s.fresh || outcome.plannedThrough !== s.plannedThrough;
  const policyChanged = asked.policyChanges > s.policyServed;
  // The record knows better than old signals; only what was heard while the step ran may be news to it.
  s.storedThrough = heardMeanwhile ? Math.max(s.storedThrough, outcome.storedThrough) : outcome.storedThrough;
  s.plannedThrough = outcome.plannedThrough;
  s.indexedThrough = outcome.indexedThrough;
  s.nextCutSeq = outcome.nextCutSeq;
  s.flushIntervalMs = outcome.flushIntervalMs;
  s.more = outcome.more;
  s.flushServedThrough = Math.max(s.flushServedThrough, asked.flushThrough);
  s.policyServed = asked.policyChanges;
  s.retriesServed = asked.retries;
  s.lateServed = asked.late;
  s.tailClosed = asked.closedTail && s.silent && !outcome.more;
  s.settled = outcome.settled ?? false;
  s.fresh = false;
  const episodeRestMs = outcome.episodeEndsInMs ?? null;
  s.episodeEndsAtMs = episodeRestMs === null ? null : nowMs + Math.max(episodeRestMs, MIN_WINDOW_REST_MS);
  s.episodeEnded = false;
  if (cut || policyChanged || s.windowEnded || s.windowEndsAtMs === null) {
    const unseen = s.storedThrough > outcome.storedThrough && s.unseenSinceMs !== null;
    const unseenRestMs = unseen ? s.unseenSinceMs! + s.flushIntervalMs - nowMs : null;
    const restMs = outcome.windowEndsInMs ?? unseenRestMs;
    s.windowEndsAtMs = restMs === null ? null : nowMs + Math.max(restMs, MIN_WINDOW_REST_MS);
    s.windowEnded = false;
  }
}
