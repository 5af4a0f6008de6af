import { episodeLines } from './episodes';

const sentence = (text: string, ...sourceIds: string[]) => ({
  text,
  sourceIds,
  saidAt: new Date('2024-03-02T10:00:00Z'),
  persona: null,
});

it('tells what says most of an episode, with its day and its sources', () => {
  const from = new Date('2024-03-02T10:00:00Z');
  const sentences = [
    sentence('Ana moved to Porto.', 'a', 'b'),
    sentence('She likes it.', 'c'),
    sentence('Rain.', 'd'),
  ];
  expect(episodeLines({ from, sentences })).toEqual([
    {
      text: '- Sat, 2 March 2024: Ana moved to Porto.',
      sources: [
        { memoryId: 'a', messageIds: [] },
        { memoryId: 'b', messageIds: [] },
      ],
    },
    { text: '- Sat, 2 March 2024: She likes it.', sources: [{ memoryId: 'c', messageIds: [] }] },
  ]);
});

it('says nothing of an episode of which nothing is left', () => {
  expect(episodeLines({ from: new Date(), sentences: [] })).toEqual([]);
});
