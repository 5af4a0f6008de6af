import { Frequency, Pace } from './pace';

describe('Pace', () => {
  it('lets a burst through, then one at a time', () => {
    const pace = new Pace(3);
    expect([0, 0, 0, 0].map((at) => pace.take(at, 10))).toEqual([0, 0, 0, 100]);
    expect(pace.take(99, 10)).toBe(1);
    expect(pace.take(100, 10)).toBe(0);
  });

  it('never lets more through than its rate, and no rest saves up more than a burst', () => {
    const pace = new Pace(5);
    let taken = 0;
    for (let at = 0; at <= 10_000; at += 1) if (pace.take(at, 50) === 0) taken += 1;
    expect(taken).toBe(5 + 500);
    let burst = 0;
    while (pace.take(1_000_000, 50) === 0) burst += 1;
    expect(burst).toBe(5);
  });

  it('follows a rate that changes', () => {
    const pace = new Pace(2);
    const taken = (fromMs: number, toMs: number, perSecond: number): number => {
      let count = 0;
      for (let at = fromMs; at < toMs; at += 1) if (pace.take(at, perSecond) === 0) count += 1;
      return count;
    };
    expect(Math.abs(taken(0, 10_000, 100) - 1_001)).toBeLessThanOrEqual(2);
    expect(Math.abs(taken(10_000, 20_000, 10) - 100)).toBeLessThanOrEqual(2);
    expect(Math.abs(taken(20_000, 30_000, 100) - 1_000)).toBeLessThanOrEqual(2);
  });
});

describe('Frequency', () => {
  it('is 0 before anything happened, settles at the rate of what happens, and forgets it', () => {
    const frequency = new Frequency(500);
    expect(frequency.perSecond(0)).toBe(0);
    for (let at = 0; at <= 10_000; at += 5) frequency.note(at);
    expect(frequency.perSecond(10_000)).toBeCloseTo(200, -1);
    expect(frequency.perSecond(10_500)).toBeCloseTo(100, -1);
    expect(frequency.perSecond(20_000)).toBeLessThan(1);
  });
});
