import type { ReadSummary } from './read-summaries';
import { arcsOf } from './standing-in-arcs';

const at = (day: number): Date => new Date(Date.UTC(2024, 4, day, 10));
const episode = (id: string, day: number, told: [text: string, persona: string][]): ReadSummary =>
  ({
    id,
    sourceIds: told.map((_, i) => `${id}${i}`),
    sentences: told.map(([text, persona], i) => ({
      text,
      sourceIds: [`${id}${i}`],
      saidAt: at(day),
      persona,
    })),
  }) as unknown as ReadSummary;

it('tells of each persona through the episodes, a day once', () => {
  const episodes = [
    episode('a', 7, [
      ['Ana swam.', 'health'],
      ['Ana was hired.', 'work'],
    ]),
    episode('b', 9, [['Ana ran.', 'health']]),
  ];
  const lines = arcsOf(episodes).map(({ persona, frame, sentences, sourceIds }) => [
    persona,
    [frame, ...sentences.map((one) => one.text)].join(' '),
    sourceIds,
  ]);
  expect(lines).toEqual([
    ['health', 'From 7 May to 9 May 2024: 7 May 2024: Ana swam. 9 May 2024: Ana ran.', ['a', 'b']],
    ['work', 'On 7 May 2024: Ana was hired.', ['a']],
  ]);
  expect(arcsOf([])).toEqual([]);
});
