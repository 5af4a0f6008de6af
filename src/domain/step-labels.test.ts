import { standingAtStart, type Standing } from './next-step';
import { REMEMBERED_NOTES, rangeLabel, remember, runDetails, stepLabel } from './step-labels';

const standing: Standing = {
  ...standingAtStart(),
  fresh: false,
  storedThrough: 9,
  plannedThrough: 6,
  indexedThrough: 6,
  nextCutSeq: 9,
  windowEndsAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
};
const about = { namespace: 'n', userId: 'ada', conversationId: 'chat' };

describe('labels of a step', () => {
  it.each<[Partial<Standing>, string]>([
    [{}, 'messages 7–9 · size'],
    [{ storedThrough: 7 }, 'message 7 · size'],
    [{ storedThrough: 6 }, 'size'],
    [{ fresh: true }, 'messages through 9 · size'],
    [{ fresh: true, storedThrough: 0 }, 'size'],
  ])('%j is %s', (changes, label) => {
    expect(stepLabel({ ...standing, ...changes }, 'size')).toBe(label);
  });

  it('name a range as people do', () => {
    expect([rangeLabel(3, 3), rangeLabel(3, 5)]).toEqual(['message 3', 'messages 3–5']);
  });
});

describe('the details of a run', () => {
  it('say what it waits for, until when, and what went wrong', () => {
    const text = runDetails(standing, {
      about,
      running: null,
      finished: ['message 6 · size'],
      failures: ['message 5 · size'],
    });
    expect(text).toContain(
      'message 9 makes the next batch, or the flush window ends at 2026-01-02T03:04:05.000Z',
    );
    expect(text).toContain('3 pending');
    expect(text).toContain('**Last batches**\n\n- message 6 · size');
    expect(text).toContain('**Last failures**\n\n- message 5 · size');
  });

  it('say what is being done', () => {
    const text = runDetails(standing, { about, running: 'Working on it.', finished: [], failures: [] });
    expect(text).toContain('**Phase:** indexing\n\nWorking on it.');
    expect(text).not.toContain('Last');
  });

  it('keep a caller’s ids from breaking out of their quotes', () => {
    const odd = { ...about, conversationId: 'a`b\n# c' };
    const [first] = runDetails(standing, { about: odd, running: null, finished: [], failures: [] }).split(
      '\n',
    );
    expect(first).toBe('Conversation `a′b′# c` of `ada`');
  });

  it('remember only the last notes', () => {
    const notes: string[] = [];
    for (let i = 1; i <= REMEMBERED_NOTES + 2; i += 1) remember(notes, `note ${i}`);
    expect(notes).toEqual(['note 7', 'note 6', 'note 5', 'note 4', 'note 3']);
  });
});
