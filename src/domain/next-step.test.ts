import {
  beginStep,
  hasLiveWork,
  hearAnything,
  hearOutcome,
  hearStored,
  nextStep,
  pendingCount,
  phaseOf,
  standingAtStart,
  type Standing,
  type StepOutcome,
} from './next-step';

const NOW_MS = 1_000_000;
const INTERVAL_MS = 30_000;

/** A run that has asked the record once: 8 messages stored, 6 in batches, the next cut at 9. */
const waiting: Standing = {
  ...standingAtStart(),
  fresh: false,
  storedThrough: 8,
  plannedThrough: 6,
  indexedThrough: 6,
  nextCutSeq: 9,
  flushIntervalMs: INTERVAL_MS,
  windowEndsAtMs: NOW_MS + 20_000,
};
const quiet: Standing = { ...waiting, storedThrough: 6, nextCutSeq: 9, windowEndsAtMs: null };
const outcome = (changes: Partial<StepOutcome> = {}): StepOutcome => ({
  storedThrough: 8,
  plannedThrough: 6,
  indexedThrough: 6,
  nextCutSeq: 9,
  windowEndsInMs: 20_000,
  flushIntervalMs: INTERVAL_MS,
  more: false,
  ...changes,
});

describe('nextStep', () => {
  it.each<[string, Partial<Standing>, boolean, string]>([
    ['a fresh run asks the record first', { fresh: true }, false, 'ingest start'],
    ['even one that must roll, or it would roll for ever', { fresh: true }, true, 'ingest start'],
    ['pending below the cut', {}, false, 'wait'],
    ['rolling goes before work', { storedThrough: 20, more: true }, true, 'roll'],
    ['the cut is reached', { storedThrough: 9 }, false, 'ingest size'],
    ['the cut is passed', { storedThrough: 15 }, false, 'ingest size'],
    ['the window has ended', { windowEnded: true }, false, 'ingest window'],
    ['a window that ended over nothing', { windowEnded: true, storedThrough: 6 }, false, 'wait'],
    ['a flush of pending messages', { flushThrough: 7 }, false, 'ingest flush'],
    ['a flush of what is in batches already', { flushThrough: 6 }, false, 'wait'],
    [
      'a flush that was served and found nothing',
      { flushThrough: 99, flushServedThrough: 99 },
      false,
      'wait',
    ],
    ['a flush goes before the size', { flushThrough: 9, storedThrough: 9 }, false, 'ingest flush'],
    ['the policy changed', { policyChanges: 2, policyServed: 1 }, false, 'ingest policy'],
    [
      'silence has ended an episode',
      { ...quiet, episodeEndsAtMs: NOW_MS, episodeEnded: true },
      false,
      'ingest pause',
    ],
    ['not while messages are pending', { episodeEndsAtMs: NOW_MS, episodeEnded: true }, false, 'wait'],
    [
      'a silent run outlives its open episode',
      { ...quiet, silent: true, episodeEndsAtMs: NOW_MS },
      false,
      'wait',
    ],
    ['and ends with it', { ...quiet, silent: true, episodeEndsAtMs: null }, false, 'close'],
    ['all is settled, and an import alone has spoken', { ...quiet, settled: true }, false, 'close'],
    ['somebody has spoken', { ...quiet, settled: true, liveThrough: 6 }, false, 'wait'],
    ['its last episode is open', { ...quiet, settled: true, episodeEndsAtMs: NOW_MS }, false, 'wait'],
    ['more has come since', { ...waiting, settled: true }, false, 'wait'],
    ['there is to be another look', { ...quiet, settled: true, late: 1 }, false, 'ingest late'],
    ['failed ones were put back', { retries: 1 }, false, 'ingest retry'],
    ['an announcement came late', { late: 1 }, false, 'ingest late'],
    ['the page was full', { more: true }, false, 'ingest backlog'],
    ['silence closes the tail', { silent: true }, false, 'ingest idle tail'],
    ['silence with nothing pending', { silent: true, storedThrough: 6 }, false, 'close'],
    ['silence after the tail was closed', { silent: true, tailClosed: true }, false, 'close'],
    ['silence with work left', { silent: true, more: true }, false, 'ingest backlog'],
    ['silence does not beat a flush', { silent: true, flushThrough: 8 }, false, 'ingest flush'],
  ])('%s', (_, changes, mustRoll, expected) => {
    const step = nextStep({ ...waiting, ...changes }, mustRoll);
    const text = step.kind === 'ingest' ? `ingest ${step.reason}${step.closeTail ? ' tail' : ''}` : step.kind;
    expect(text).toBe(expected);
  });
});

describe('hearStored', () => {
  it.each<[string, Standing, Parameters<typeof hearStored>[1], number | null]>([
    [
      'the first after a quiet buffer starts the window',
      quiet,
      { throughSeq: 7, storedAtMs: NOW_MS },
      NOW_MS + INTERVAL_MS,
    ],
    [
      'counted from when it was stored',
      quiet,
      { throughSeq: 7, storedAtMs: NOW_MS - 10_000 },
      NOW_MS + 20_000,
    ],
    [
      'a clock that is ahead gives no longer window',
      quiet,
      { throughSeq: 7, storedAtMs: NOW_MS + 9_000 },
      NOW_MS + INTERVAL_MS,
    ],
    ['too late: it has ended', quiet, { throughSeq: 7, storedAtMs: NOW_MS - 90_000 }, NOW_MS],
    [
      'an ordinary one leaves a running window',
      waiting,
      { throughSeq: 9, storedAtMs: NOW_MS },
      waiting.windowEndsAtMs,
    ],
    ['a repeated one starts none', quiet, { throughSeq: 6, storedAtMs: NOW_MS }, null],
    [
      'a fresh run waits for the record',
      { ...quiet, fresh: true },
      { throughSeq: 7, storedAtMs: NOW_MS },
      null,
    ],
  ])('%s', (_, standing, signal, expected) => {
    const s = { ...standing };
    hearStored(s, signal, NOW_MS);
    expect(s.windowEndsAtMs).toBe(expected);
    expect(s.windowEnded).toBe(expected !== null && expected <= NOW_MS);
  });

  it('asks the record when nobody knows how long messages have waited, even if the signal says nothing new', () => {
    const s = { ...waiting };
    hearStored(s, { throughSeq: 1 }, NOW_MS);
    expect(nextStep(s, false)).toMatchObject({ kind: 'ingest', reason: 'late' });
    hearOutcome(s, beginStep(s, nextStep(s, false)), outcome(), NOW_MS);
    expect(nextStep(s, false).kind).toBe('wait');
  });

  it('never goes back', () => {
    const s = { ...waiting, flushThrough: 5, silent: true, tailClosed: true };
    hearStored(s, { throughSeq: 3, flushThrough: 2, storedAtMs: NOW_MS }, NOW_MS);
    expect(s).toMatchObject({ storedThrough: 8, flushThrough: 5, silent: false, tailClosed: false });
  });
});

describe('hearOutcome', () => {
  const step = (before: Standing, meanwhile: (s: Standing) => void, answer: StepOutcome): Standing => {
    const s = { ...before };
    const asked = beginStep(s, nextStep(s, false));
    meanwhile(s);
    hearOutcome(s, asked, answer, NOW_MS);
    return s;
  };
  const nothing = (): void => undefined;

  it.each<[string, Standing, (s: Standing) => void, StepOutcome, number | null]>([
    [
      'keeps the window when nothing was cut',
      { ...waiting, retries: 1 },
      nothing,
      outcome({ windowEndsInMs: 5 }),
      NOW_MS + 20_000,
    ],
    [
      'starts the next window after a cut',
      waiting,
      nothing,
      outcome({ plannedThrough: 7, windowEndsInMs: 7_000 }),
      NOW_MS + 7_000,
    ],
    [
      'stops it when a cut leaves nothing',
      waiting,
      nothing,
      outcome({ plannedThrough: 8, windowEndsInMs: null }),
      null,
    ],
    [
      're-arms it by a new policy',
      { ...waiting, policyChanges: 1 },
      nothing,
      outcome({ windowEndsInMs: 300 }),
      NOW_MS + 300,
    ],
    [
      'waits the rest when a timer fired early',
      { ...waiting, windowEnded: true },
      nothing,
      outcome({ windowEndsInMs: 40 }),
      NOW_MS + 40,
    ],
    [
      'and never for no time at all',
      { ...waiting, windowEnded: true },
      nothing,
      outcome({ windowEndsInMs: 0 }),
      NOW_MS + 25,
    ],
    [
      'just waits for an import’s own clock',
      { ...waiting, windowEnded: true },
      nothing,
      outcome({ windowEndsInMs: null }),
      null,
    ],
    [
      'counts the window of what came meanwhile from its storing',
      waiting,
      (s) => hearStored(s, { throughSeq: 9, storedAtMs: NOW_MS - 4_000 }, NOW_MS),
      outcome({ plannedThrough: 8, windowEndsInMs: null }),
      NOW_MS + 26_000,
    ],
    [
      'unless the step has seen it',
      waiting,
      (s) => hearStored(s, { throughSeq: 9, storedAtMs: NOW_MS - 4_000 }, NOW_MS),
      outcome({ storedThrough: 9, plannedThrough: 9, windowEndsInMs: null }),
      null,
    ],
  ])('%s', (_, before, meanwhile, answer, expected) => {
    const s = step(before, meanwhile, answer);
    expect(s.windowEndsAtMs).toBe(expected);
    expect(s.windowEnded).toBe(false);
  });

  it('believes the record over old signals, and new signals over the record', () => {
    expect(step({ ...waiting, storedThrough: 500 }, nothing, outcome()).storedThrough).toBe(8);
    const heard = step(
      waiting,
      (s) => hearStored(s, { throughSeq: 12, storedAtMs: NOW_MS }, NOW_MS),
      outcome(),
    );
    expect(heard.storedThrough).toBe(12);
    expect(nextStep(heard, false)).toMatchObject({ kind: 'ingest', reason: 'size' });
  });

  it('serves what was asked when the step began, not what was asked meanwhile', () => {
    const s = step({ ...waiting, policyChanges: 1 }, (later) => (later.policyChanges += 1), outcome());
    expect(nextStep(s, false)).toMatchObject({ kind: 'ingest', reason: 'policy' });
    const retried = step({ ...waiting, retries: 1 }, (later) => (later.retries += 1), outcome());
    expect(nextStep(retried, false)).toMatchObject({ kind: 'ingest', reason: 'retry' });
  });

  it('does not ask for ever for a flush beyond the record’s end', () => {
    const s = step(
      { ...waiting, flushThrough: 1_000 },
      nothing,
      outcome({ plannedThrough: 8, windowEndsInMs: null }),
    );
    expect(nextStep(s, false).kind).toBe('wait');
  });

  it('closes after the tail was closed, unless something was heard meanwhile', () => {
    const silent = { ...waiting, silent: true };
    const tailLeft = outcome({ plannedThrough: 6 });
    expect(nextStep(step(silent, nothing, tailLeft), false).kind).toBe('close');
    expect(nextStep(step(silent, hearAnything, tailLeft), false).kind).toBe('wait');
    expect(nextStep(step(silent, nothing, outcome({ more: true })), false)).toMatchObject({
      reason: 'backlog',
    });
  });
});

describe('hasLiveWork', () => {
  const through = (liveThrough: number) => ({ throughSeq: 8, storedAtMs: NOW_MS, liveThrough });
  it.each<[string, Standing, Parameters<typeof hearStored>[1][], boolean]>([
    ['of what an import let go', waiting, [{ throughSeq: 8 }], false],
    ['something live is pending', waiting, [through(7)], true],
    ['and still is when more of the import is let go', waiting, [through(7), { throughSeq: 9 }], true],
    ['what was live is indexed', waiting, [through(6)], false],
    ['a late signal of old takes nothing back', waiting, [through(8), through(5)], true],
    [
      'the run before this one heard it',
      standingAtStart({ storedThrough: 8, flushThrough: 0, liveThrough: 8 }),
      [],
      true,
    ],
    ['one of an older build did not say', standingAtStart({ storedThrough: 8, flushThrough: 0 }), [], false],
  ])('%s', (_, standing, signals, expected) => {
    const s = { ...standing };
    for (const signal of signals) hearStored(s, signal, NOW_MS);
    expect(hasLiveWork(s)).toBe(expected);
  });

  it('ends when the record says that it is indexed', () => {
    const s = { ...waiting, liveThrough: 8 };
    hearOutcome(s, beginStep(s, nextStep(s, false)), outcome({ indexedThrough: 7 }), NOW_MS);
    expect(hasLiveWork(s)).toBe(true);
    hearOutcome(s, beginStep(s, nextStep(s, false)), outcome({ indexedThrough: 8 }), NOW_MS);
    expect(hasLiveWork(s)).toBe(false);
  });
});

describe('phaseOf', () => {
  it.each<[string, Partial<Standing>, string, number]>([
    ['fresh', { fresh: true }, 'indexing', 2],
    ['work left', { more: true }, 'indexing', 2],
    ['pending', {}, 'buffering', 2],
    ['nothing pending', { storedThrough: 6 }, 'idle', 0],
    ['the record behind its own batches', { storedThrough: 5 }, 'idle', 0],
  ])('%s', (_, changes, phase, pending) => {
    const s = { ...waiting, ...changes };
    expect([phaseOf(s), pendingCount(s)]).toEqual([phase, pending]);
  });
});
