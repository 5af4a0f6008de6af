import { nextRelease, planWindow, type OpenPart, type WindowLimits } from './import-window';

const LIMITS: WindowLimits = {
  pageMessages: 100,
  windowConversations: 4,
  windowMessages: 300,
  stalledAfterMs: 1_000,
  setAsideConversations: 3,
  probesAStall: 1,
  mostProbes: 4,
};

const part = (conversationId: string, changes: Partial<OpenPart> = {}): OpenPart => ({
  ref: { namespace: 'n', userId: 'u', conversationId },
  lastSeq: 250,
  releasedThrough: 100,
  flushed: false,
  stillForMs: 0,
  dueThrough: 100,
  plannedThrough: 0,
  indexedThrough: 0,
  consideredThrough: 0,
  ...changes,
});

const seen = { consideredThrough: 100, plannedThrough: 98, indexedThrough: 98 };

describe('the next page of a part', () => {
  it.each<[string, number, number, boolean, ReturnType<typeof nextRelease> | object]>([
    ['a full page', 250, 100, false, { throughSeq: 200, flush: false }],
    ['a page that is just full, with more lines to come', 200, 100, false, { throughSeq: 200, flush: false }],
    ['less than a page, with more lines to come', 199, 100, false, {}],
    ['the rest, once the body has ended', 199, 100, true, { throughSeq: 199, flush: true }],
    ['a full page before the rest', 250, 100, true, { throughSeq: 200, flush: false }],
    ['nothing but the tail that stayed open', 100, 100, true, { throughSeq: 100, flush: true }],
  ])('is %s', (_, lastSeq, releasedThrough, ended, expected) => {
    const next = nextRelease({ ref: part('a').ref, lastSeq, releasedThrough }, ended, 100);
    if (Object.keys(expected).length === 0) expect(next).toBe('hold');
    else expect(next).toMatchObject(expected);
  });
});

describe('the window', () => {
  const plan = (parts: OpenPart[], options: { ended?: boolean; moving?: boolean } = {}) =>
    planWindow(parts, { ended: true, moving: true, limits: LIMITS, ...options });

  it('leaves a conversation alone until its workflow has come to the end of a page', () => {
    const busy = [
      part('not planned yet'),
      part('planned, not indexed', { consideredThrough: 100, plannedThrough: 98, indexedThrough: 40 }),
      part('its end is not indexed', { releasedThrough: 250, flushed: true, consideredThrough: 250 }),
    ];
    expect(plan(busy)).toMatchObject({ release: [], done: [], hold: [], tellAgain: [], inFlight: 410 });
    expect(plan(busy).room).toEqual({ conversations: 1, messages: -110 });
  });

  it('lets the next page go when only an open tail is left, or when a live message took the tail along', () => {
    const { release, room } = plan([part('tail', seen), part('live', { indexedThrough: 103 })]);
    expect(release.map(({ throughSeq, flush }) => [throughSeq, flush])).toEqual([
      [200, false],
      [200, false],
    ]);
    expect(room).toEqual({ conversations: 2, messages: 300 - 102 - 97 });
  });

  it('is done with what is terminal, and puts back what waits for lines', () => {
    const done = part('done', { lastSeq: 100, indexedThrough: 100 });
    expect(plan([done], { ended: false }).done).toEqual([done.ref]);
    const waits = part('waits', { ...seen, lastSeq: 150 });
    expect(plan([waits], { ended: false })).toMatchObject({ hold: [waits.ref], release: [] });
    expect(plan([waits])).toMatchObject({ hold: [], release: [{ throughSeq: 150, flush: true }] });
  });

  it('tells a still conversation again unless its plan is written', () => {
    const still = part('still', { stillForMs: 1_500 });
    expect(plan([still]).tellAgain).toEqual([{ ref: still.ref, throughSeq: 100, flush: false }]);
    const planned = part('planned', { ...still, plannedThrough: 100, consideredThrough: 100 });
    expect(plan([planned]).tellAgain).toEqual([]);
  });

  it('sets a still conversation aside while others move, so that it stalls nobody', () => {
    const still = ['a', 'b', 'c', 'd'].map((name) => part(name, { stillForMs: 1_500 }));
    expect(plan(still).room.conversations).toBe(3);
    const justTold = ['a', 'b', 'c', 'd'].map((name) => part(name, { stillForMs: 500 }));
    expect(plan(justTold).room.conversations).toBe(0);
  });

  it.each([
    [500, 0],
    [1_500, 1],
    [3_500, 3],
    [9_500, 4],
  ])('while nothing moves, tries others beside a window that is full: after %i ms %i', (stillForMs, room) => {
    const full = ['a', 'b', 'c', 'd'].map((name) => part(name, { stillForMs, releasedThrough: 10 }));
    expect(plan(full, { moving: false }).room.conversations).toBe(room);
  });
});
