import { MAX_NARRATION_LINES, MAX_NARRATION_PROMPT_CHARS, narrationPrompt } from './narration';

const line = (text: string, who: string | null = 'Ana') => ({
  text,
  who,
  saidAt: new Date('2023-05-08T10:00:00Z'),
  sourceIds: ['m'],
});

it('the prompt numbers what it shows, and neither the question nor a line can pass for another', () => {
  expect(
    narrationPrompt('What\n2 did she\nmake?', [line('I made\na vase.'), line('Ana sailed.', null)]),
  ).toBe(
    [
      'Question: What 2 did she make?',
      '',
      '1 2023-05-08T10:00Z Ana: I made a vase.',
      '2 2023-05-08T10:00Z: Ana sailed.',
    ].join('\n'),
  );
  expect(narrationPrompt(null, [line('x')])).toMatch(/^Question: none\n/);
});

it('the prompt is bounded, whatever was asked and said', () => {
  const long = Array.from({ length: MAX_NARRATION_LINES }, () => line('long '.repeat(7_000), 'n'.repeat(50)));
  const prompt = narrationPrompt('why '.repeat(8_000), long);
  expect(prompt.length).toBeLessThanOrEqual(MAX_NARRATION_PROMPT_CHARS);
  expect(prompt.match(/^\d+ /gm)).toHaveLength(MAX_NARRATION_LINES);
});
