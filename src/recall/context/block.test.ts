import { contextBlock, type ContextSection, type ContextTurn } from './block';
import { countTokens } from './tokens';

const turn = (content: string, more: Partial<ContextTurn> = {}): ContextTurn => ({
  memoryId: `memory of ${content.slice(0, 10)}`,
  messageId: content.slice(0, 10),
  speaker: 'Ana',
  content,
  saidAt: new Date('2023-05-08T10:00:00Z'),
  seq: 1,
  ...more,
});
const who: ContextSection = {
  heading: 'Who they are:',
  share: 0.1,
  lines: [{ text: 'Speakers: Ana, Bo', sources: [{ memoryId: 'm', messageIds: ['x'] }] }],
};
const NONE: ReadonlySet<string> = new Set();

it('tells who they are, then the turns in the order of time, a heading a day', () => {
  const turns = [
    turn('Second.', { seq: 2, speaker: 'Bo' }),
    turn('Later.', { saidAt: new Date('2023-06-01T10:00:00Z') }),
    turn('First.'),
    turn('Likes tea', { speaker: null, messageId: null, saidAt: new Date('2023-06-02T10:00:00Z') }),
  ];
  const { context, tokens, sources } = contextBlock([who], turns, NONE, 1_000);
  expect(context).toBe(
    [
      'Who they are:\nSpeakers: Ana, Bo',
      'What was said:\nMon, 8 May 2023\nAna: First.\nBo: Second.\nThu, 1 June 2023\nAna: Later.\nFri, 2 June 2023\n- Likes tea',
    ].join('\n\n'),
  );
  expect(tokens).toBe(countTokens(context));
  expect(sources).toContainEqual({ memoryId: 'memory of Second.', messageIds: ['Second.'] });
  expect(sources).toContainEqual({ memoryId: 'memory of Likes tea', messageIds: [] });
  expect(sources).toContainEqual({ memoryId: 'm', messageIds: ['x'] });
});

it('takes the best first, and a shorter one where a longer one does not fit', () => {
  const longer = `${'Many words about nothing in particular. '.repeat(8)}`;
  const { context } = contextBlock([], [turn('The best.'), turn(longer), turn('Short.')], NONE, 30);
  expect(context).toContain('The best.');
  expect(context).toContain('Short.');
  expect(context).not.toContain('Many words');
});

it('cuts the best turn rather than leaving it out', () => {
  const content = `${'Nothing. '.repeat(200)}We sailed to Corsica. ${'Nothing. '.repeat(200)}`;
  const { context, tokens } = contextBlock([], [turn(content)], new Set(['corsica']), 60);
  expect(context).toContain('We sailed to Corsica.');
  expect(tokens).toBeLessThanOrEqual(60);
});

it('leaves room beside a turn that is very long', () => {
  const { context } = contextBlock(
    [],
    [turn('Endless talk goes on. '.repeat(2_000)), turn('And this too.')],
    NONE,
    1_000,
  );
  expect(context).toContain('Endless talk');
  expect(context).toContain('And this too.');
});

it.each([1, 2, 5, 9, 17, 40, 100, 333, 1_000])('never has more than %d tokens', (maxTokens) => {
  const texts = [
    '字'.repeat(300),
    '😀😀 '.repeat(80),
    'plain words said twice ',
    'a'.repeat(5_000),
    'x y\nz',
  ];
  const turns = Array.from({ length: 40 }, (_, i) =>
    turn(`${i} ${texts[i % texts.length]}`, { saidAt: new Date(Date.UTC(2023, i % 12, i + 1)), seq: i }),
  );
  const { context, tokens } = contextBlock([who], turns, NONE, maxTokens);
  expect(tokens).toBe(countTokens(context));
  expect(tokens).toBeLessThanOrEqual(maxTokens);
  if (maxTokens >= 100) expect(tokens).toBeGreaterThan(maxTokens / 2);
});

it('is empty when there is nothing to say', () => {
  const section = { ...who, lines: [] };
  expect(contextBlock([section], [], NONE, 1_000)).toEqual({ context: '', tokens: 0, sources: [] });
});
