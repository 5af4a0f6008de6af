import { episodesSection } from './episodes';

const sentence = (text: string, ...sourceIds: string[]) => ({
  text,
  sourceIds,
  saidAt: new Date('2024-03-02T10:00:00Z'),
  persona: null,
});
const episode = {
  conversationId: 'chat',
  from: new Date('2024-03-02T10:00:00Z'),
  sentences: [
    sentence('Ana moved to Porto.', 'a', 'b'),
    sentence('She likes it.', 'c'),
    sentence('It rained.', 'd'),
  ],
};
const said = (leftOut: { conversationId?: string; memoryIds?: string[] }): string[] =>
  episodesSection([episode], {
    conversationId: leftOut.conversationId ?? null,
    memoryIds: new Set(leftOut.memoryIds),
  }).lines.map((line) => line.text);

it('tells what says most of an episode, with its day and its sources', () => {
  const { lines } = episodesSection([episode], { conversationId: 'other', memoryIds: new Set() });
  expect(lines).toEqual([
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

it('leaves out what stands elsewhere, and tells what follows instead', () => {
  expect(said({ memoryIds: ['b'] })).toEqual([
    '- Sat, 2 March 2024: She likes it.',
    '- Sat, 2 March 2024: It rained.',
  ]);
});

it('leaves out the conversation that the model sees', () => {
  expect(said({ conversationId: 'chat' })).toEqual([]);
});
