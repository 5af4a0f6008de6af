import {
  LEAST_TOLD_MESSAGES,
  MAX_TELLING_PROMPT_CHARS,
  acceptTelling,
  arcsToTell,
  episodesToTell,
  tellingPrompt,
  type TellingPart,
} from './telling';

const termsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/\W+/)
    .filter((word) => word.length > 3 || /\d/.test(word));
const at = new Date('2023-05-08T10:00:00Z');
const item = (text: string, memory: string, who: string | null = 'Ana') => ({
  text,
  who,
  saidAt: at,
  sourceIds: [memory],
});
const part = (items: ReturnType<typeof item>[], budgetWords = 40): TellingPart => ({
  title: 'a talk',
  items,
  budgetWords,
});
const parts = [
  part([item('I made a blue vase for 1,200 euros.', 'm1'), item('My dog Biscuit is ill.', 'm2')]),
  part([item('We sailed to Faro.', 'm3')]),
];
const accept = (text: string, lines: number[], of = 1): string[] =>
  acceptTelling({ summaries: [{ part: of, sentences: [{ text, lines }] }] }, parts, termsOf).flatMap(
    (sentences) => sentences.map((sentence) => sentence.sourceIds.join()),
  );

describe('a sentence that a language model tells', () => {
  it.each([
    ['says what its line says', 'Ana made a blue vase for 1200 euros.', [1], 1, ['m1']],
    ['rests on two lines', 'Ana made a blue vase; her dog Biscuit is ill.', [2, 1], 1, ['m1,m2']],
    ['may work out a date', 'On 7 May 2023 Ana made a blue vase.', [1], 1, ['m1']],
    ['is numbered through the parts', 'Ana sailed to Faro.', [3], 2, ['m3']],
    ['names a line that is not there', 'Ana made a blue vase.', [1, 9], 1, []],
    ['names no line', 'Ana made a blue vase.', [], 1, []],
    ['names a line of another part', 'Ana sailed to Faro.', [3], 1, []],
    ['says something else', 'Ben bought a house near Porto.', [1], 1, []],
    ['has another number', 'Ana made a blue vase for 900 euros.', [1], 1, []],
    ['is empty', ' ', [1], 1, []],
    ['is of no part', 'Ana made a blue vase.', [1], 7, []],
  ])('%s', (_name, text, lines, of, kept) => {
    expect(accept(text, lines, of)).toEqual(kept);
  });

  it('is said once, and only as far as there is room', () => {
    const sentence = { text: 'Ana made a blue vase.', lines: [1] };
    const long = { text: `The blue vase: ${'blue vase '.repeat(20)}`, lines: [1] };
    const short = [part([item('I made a blue vase.', 'm1')], 12)];
    const proposed = { summaries: [{ part: 1, sentences: [long, sentence, sentence] }] };
    expect(acceptTelling(proposed, short, termsOf)).toEqual([
      [{ text: 'Ana made a blue vase.', sourceIds: ['m1'], saidAt: at }],
    ]);
  });
});

it('the prompt is bounded, and no line of it can pass for another', () => {
  const many = Array.from({ length: 300 }, (_, i) => item(`${i}\n9 ${'long '.repeat(400)}`, `m${i}`));
  const prompt = tellingPrompt([part(many), part(many.slice(0, 3))]);
  expect(prompt.length).toBeLessThanOrEqual(MAX_TELLING_PROMPT_CHARS);
  const lines = prompt.split('\n').filter((line) => /^\d+ /.test(line));
  expect(lines).toHaveLength(303);
  expect(tellingPrompt(parts)).toBe(
    [
      'P1: a talk, at most 40 words',
      '1 2023-05-08T10:00Z Ana: I made a blue vase for 1,200 euros.',
      '2 2023-05-08T10:00Z Ana: My dog Biscuit is ill.',
      '',
      'P2: a talk, at most 40 words',
      '3 2023-05-08T10:00Z Ana: We sailed to Faro.',
    ].join('\n'),
  );
});

const waiting = (messages: number, due = false) => ({ id: 'x', version: 1, messages, due });

describe('what is told when', () => {
  it.each([
    ['nothing waits', [], 0],
    ['few messages wait', [waiting(30), waiting(49)], 0],
    ['enough wait', [waiting(30), waiting(50)], 2],
    ['one has waited long', [waiting(3), waiting(2, true)], 2],
    ['more than fits', [waiting(80), waiting(79), waiting(2)], 2],
    ['a single one that is too large', [waiting(400), waiting(20)], 1],
  ])('episodes: %s', (_name, all, told) => {
    expect(episodesToTell(all)).toHaveLength(told);
  });

  it('long lines: when enough was said since, or one has waited long', () => {
    expect(arcsToTell([waiting(0)], LEAST_TOLD_MESSAGES - 1)).toEqual([]);
    expect(arcsToTell([waiting(0)], LEAST_TOLD_MESSAGES)).toHaveLength(1);
    expect(arcsToTell([waiting(0), waiting(0, true)], 1)).toHaveLength(2);
  });

  it('1,000 messages cost at most 25 calls, however they are cut into episodes', () => {
    for (const size of [1, 7, 20, 41, 79, 80, 81]) {
      let [open, untold, calls] = [[] as ReturnType<typeof waiting>[], 0, 0];
      for (let messages = size; messages <= 10_000; messages += size) {
        open = [...open, waiting(size)];
        untold += size;
        for (let told = episodesToTell(open); told.length > 0; told = episodesToTell(open)) {
          open = open.slice(told.length);
          calls += 1;
        }
        if (arcsToTell([waiting(0)], untold).length === 0) continue;
        untold = 0;
        calls += 1;
      }
      expect([size, calls / 10 <= 25]).toEqual([size, true]);
    }
  });
});
