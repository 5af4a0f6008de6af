import { announcingRate } from './announcing-rate';

describe('announcingRate', () => {
  it.each([
    ['calm, nothing waits', 0, 0, 80],
    ['calm, a queue is left to be worked off', 10, 5_000, 80],
    ['busy, but no flood', 119, 200, 80],
    ['a flood over a few conversations', 700, 10, 5],
    ['a flood over 200 conversations: each has its turn within 10 s', 700, 200, 20],
    ['a flood over very many', 700, 50_000, 80],
  ])('%s', (_, arrivals, waiting, expected) => {
    expect(announcingRate(arrivals, waiting)).toBe(expected);
  });
});
