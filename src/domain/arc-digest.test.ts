import { arcDigest, withoutRepeatedDays } from './arc-digest';

const at = (day: number): Date => new Date(Date.UTC(2024, 4, day, 10));
const said = (text: string, day: number, memory: string) => ({
  text,
  sourceIds: [memory],
  saidAt: at(day),
  persona: 'health',
});

describe('what episodes say of a persona', () => {
  it('is in the order it was said, also where the times are the same', () => {
    const episodes = [
      { sourceIds: ['m1', 'm2'], sentences: [said('Ana swam.', 8, 'm2'), said('Ana woke up.', 8, 'm1')] },
      { sourceIds: ['m0'], sentences: [said('Ana slept.', 7, 'm0')] },
    ];
    expect(arcDigest(episodes, 'health').map((one) => one.text)).toEqual([
      '7 May 2024: Ana slept.',
      '8 May 2024: Ana woke up.',
      '8 May 2024: Ana swam.',
    ]);
    expect(arcDigest(episodes, 'work')).toEqual([]);
  });

  it.each([
    ['From 7 to 8 May 2024:', ['7 May 2024: a', 'b', '8 May 2024: c']],
    ['On 7 May 2024:', ['a', 'b', '8 May 2024: c']],
    [null, ['7 May 2024: a', 'b', '8 May 2024: c']],
  ])('says each day once, with the frame %j', (frame, texts) => {
    const sentences = [
      said('7 May 2024: a', 7, 'm'),
      said('7 May 2024: b', 7, 'm'),
      said('8 May 2024: c', 8, 'm'),
    ];
    expect(withoutRepeatedDays(frame, sentences).map((one) => one.text)).toEqual(texts);
  });
});
