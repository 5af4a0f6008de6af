import { affect, inTune, moodOf } from './mood';

const joy = { valence: 0.6, arousal: 0.6, emotion: 'joy', intensity: 0.6 };
const grief = { valence: -0.6, arousal: 0.3, emotion: 'sadness', intensity: 0.6 };
const panic = { valence: -0.6, arousal: 0.9, emotion: 'fear', intensity: 0.6 };

describe('a memory seen in a mood', () => {
  it('moves as strongly as it was felt where the mood tilts nothing', () => {
    for (const name of [null, 'neutral', 'conversational', 'purple', ''])
      expect(affect(joy, moodOf(name))).toBeCloseTo(0.6);
    expect(affect(null, moodOf('happy'))).toBe(0);
  });

  it.each([
    ['positive', joy, grief],
    ['motivated', joy, grief],
    ['Happy ', joy, panic],
    ['negative', grief, joy],
    ['sad', grief, joy],
    ['sad', grief, panic],
    ['anxious', panic, grief],
    ['angry', panic, grief],
  ])('%s favours what was felt alike', (mood, alike, other) => {
    expect(affect(alike, moodOf(mood))).toBeGreaterThan(affect(other, moodOf(mood)));
  });

  it('moves less when it is to be analysed', () => {
    expect(affect(panic, moodOf('analytical'))).toBeLessThan(affect(panic, null));
  });

  it('is in tune between opposite and the same', () => {
    const mood = { valence: 1, arousal: 1 };
    expect(inTune({ valence: 1, arousal: 1 }, mood)).toBe(1);
    expect(inTune({ valence: -1, arousal: 0 }, mood)).toBeCloseTo(-1);
  });
});
